import { join } from 'node:path';
import { BpfPrograms } from '../../adapters/nic/core/bpf-programs.ts';
import { Libbpf } from '../../adapters/nic/core/libbpf.ts';

/**
 * Recognises the programs of the daemon that uses a pin path: they use its control map.
 *
 * @returns true for one of its programs; undefined: programs cannot be read (CAP_SYS_ADMIN)
 */
export function ownPrograms(pinPath: string): (programId: number) => boolean | undefined {
  const libbpf = new Libbpf();
  const programs = new BpfPrograms();
  const control = mapIdAt(libbpf, join(pinPath, 'control'));
  return (programId) => {
    if (control === undefined) return false;
    try {
      return programs.programById(programId).mapIds.includes(control);
    } catch {
      return undefined;
    }
  };
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
