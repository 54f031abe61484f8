import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Libbpf } from '../core/libbpf.ts';
import { hasPinnedPrograms } from '../core/pinned-programs.ts';
import { hasTcxLinks } from '../tcx/tcx-links.ts';

/** Whether a daemon with a BPF program as table has left programs or entries. */
export function hasLeftPrograms(pinPath: string): boolean {
  return (
    existsSync(join(pinPath, 'control')) ||
    hasPinnedPrograms(pinPath, 'xdp') ||
    hasPinnedPrograms(pinPath, 'cls_bpf') ||
    hasTcxLinks(pinPath)
  );
}

/**
 * The entries of the table that such a daemon has left: only a table of the same size is adopted.
 *
 * @returns undefined: it has left no table
 * @throws {LibbpfMissing}
 */
export function leftEntries(pinPath: string): number | undefined {
  const libbpf = new Libbpf();
  const fd = libbpf.pinned(join(pinPath, 'flows'));
  if (fd === undefined) return undefined;
  try {
    return libbpf.mapInfo(fd).maxEntries;
  } finally {
    libbpf.close(fd);
  }
}
