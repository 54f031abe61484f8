// Checks every import of the package against the table of layers; part of `npm run check`.
import { readImports } from './imports.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { violationsIn } from './violations.ts';

const violations = violationsIn(await readImports(process.argv[2] ?? packageRoot()));
for (const violation of violations) console.error(violation);
if (violations.length > 0) {
  console.error(`\n${violations.length} forbidden imports; docs/architecture.md shows the layers`);
  process.exitCode = 1;
}
