import { join } from 'node:path';
import { BpfPrograms } from '../../adapters/nic/core/bpf-programs.ts';
import { Libbpf } from '../../adapters/nic/core/libbpf.ts';
import { isMeterProgram } from '../../adapters/nic/core/meter-pins.ts';
import { OwnPrograms } from '../../adapters/nic/core/own-programs.ts';

/**
 * Recognises the programs of the daemon that uses a pin path: they use its control map, or are pinned as
 * its meter. A program that cannot be read, which needs CAP_SYS_ADMIN, counts as that of another.
 *
 * @throws {LibbpfMissing} {@link SystemCallFailed}
 */
export function ownPrograms(pinPath: string): OwnPrograms {
  const programs = new BpfPrograms();
  const control = mapIdAt(new Libbpf(), join(pinPath, 'control'));
  const own = new OwnPrograms();
  own.add((programId) => isMeterProgram(pinPath, programId));
  if (control === undefined) return own;
  own.add((programId) => {
    try {
      return programs.programById(programId).mapIds.includes(control);
    } catch {
      return false;
    }
  });
  return own;
}

function mapIdAt(libbpf: Libbpf, path: string): number | undefined {
  const fd = libbpf.pinned(path);
  if (fd === undefined) return undefined;
  try {
    return libbpf.mapInfo(fd).id;
  } finally {
    libbpf.close(fd);
  }
}
