// Writes docs/man: npx tsx scripts/man/write.ts
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { manPages } from './man-pages.ts';

const folder = join(packageRoot(), 'docs/man');
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) rmSync(join(folder, name));
const pages = await manPages();
for (const { file, text } of pages) writeFileSync(join(folder, file), text);
process.stdout.write(`docs/man: ${pages.length} man pages\n`);
