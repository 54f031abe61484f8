import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import type { NameMaker } from './names.ts';

/** Creates a folder under the system's temporary directory; the cleanup removes it. */
export async function temporaryFolder(cleanup: Cleanup, names: NameMaker): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `${names.next('o')}-`));
  cleanup.add({
    name: folder,
    undo: () => rm(folder, { recursive: true, force: true }),
    undoNow: () => rmSync(folder, { recursive: true, force: true }),
  });
  return folder;
}
