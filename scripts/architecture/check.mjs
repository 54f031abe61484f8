#!/usr/bin/env node
// Holds every import of the package against the table of layers; part of `npm run check`.
import { readImports } from './imports.mjs';
import { root } from '../setup/root.mjs';
import { violationsIn } from './violations.mjs';

const violations = violationsIn(await readImports(process.argv[2] ?? root));
for (const violation of violations) console.error(violation);
if (violations.length > 0) {
  console.error(`\n${violations.length} forbidden imports; docs/architecture.md shows the layers`);
  process.exitCode = 1;
}
