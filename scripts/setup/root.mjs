import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the package. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** True if this process can change the machine. */
export const isRoot = process.getuid?.() === 0;
