import { access, constants, readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BpfPrograms } from '../../adapters/nic/core/bpf-programs.ts';
import { DevicePrograms } from '../../adapters/nic/core/device-programs.ts';
import { GATE_PROGRAM } from '../../adapters/nic/flower/gate.ts';
import { LEASE_PROGRAM } from '../../adapters/nic/core/lease.ts';
import { Libbpf } from '../../adapters/nic/core/libbpf.ts';
import { probeMaps } from '../../adapters/nic/core/map-probe.ts';
import type { NetworkLock } from '../../adapters/nic/core/network-lock.ts';
import { BPF_FS_MAGIC } from '../../adapters/nic/core/pin-directory.ts';
import { type ObjectFile, ProgramLoader } from '../../adapters/nic/core/program-loader.ts';
import { INGRESS_PROGRAM } from '../../adapters/nic/tcx/ingress-attachment.ts';
import { PROGRAMS, xdpObjects } from '../../adapters/nic/xdp/programs.ts';
import { errorCode } from '../../text/error-message.ts';
import type { BpfFacts } from '../model/facts.ts';
import { NotSeen, see } from './see.ts';

/** Paths of the compiled programs. */
export interface ObjectPaths {
  readonly xdp: string;
  readonly tcx: string;
  readonly flower: string;
}

/**
 * What the kernel allows of BPF. Programs and maps that it creates are closed at once.
 *
 * @param mayAskDevices whether the process has CAP_NET_ADMIN
 */
export async function bpfFacts(
  pinPath: string,
  objects: ObjectPaths,
  lock: NetworkLock,
  mayAskDevices: boolean,
): Promise<BpfFacts> {
  return {
    libbpf: await see('libbpf', async () => new Libbpf().version()),
    jit: await see('the BPF compiler', readJit),
    pins: await see(`the file system of ${pinPath}`, () => pinsOf(pinPath)),
    refusedMaps: await see('map types', async () => probeMaps(new Libbpf())),
    programs: {
      xdp: await see('the XDP program', () => load(xdpObjects(objects.xdp), PROGRAMS.plain)),
      tcx: await see('the tcx program', () =>
        load([{ path: objects.tcx, names: [INGRESS_PROGRAM, LEASE_PROGRAM] }], INGRESS_PROGRAM),
      ),
      flower: await see('the gate of flower rules', () =>
        load([{ path: objects.flower, names: [GATE_PROGRAM, LEASE_PROGRAM] }], GATE_PROGRAM),
      ),
    },
    knowsTcx: await see('tcx', async () => {
      // Without the capability the kernel's answer does not depend on whether it has tcx.
      if (!mayAskDevices)
        throw new NotSeen({ unseen: 'asking for it needs CAP_NET_ADMIN (EPERM)' });
      return new DevicePrograms(lock).knowsTcx();
    }),
  };
}

async function readJit(): Promise<boolean | undefined> {
  try {
    const text = await readFile('/proc/sys/net/core/bpf_jit_enable', 'latin1');
    return text.trim() !== '0';
  } catch (error) {
    // A kernel without a compiler, or one that always uses it.
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function pinsOf(
  pinPath: string,
): Promise<{ folder: string; isBpf: boolean; writable: boolean }> {
  let folder = pinPath;
  for (;;) {
    try {
      const { type } = await statfs(folder);
      return { folder, isBpf: type === BPF_FS_MAGIC, writable: await isWritable(folder) };
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || folder === dirname(folder)) throw error;
      folder = dirname(folder);
    }
  }
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Loads a program, with maps of its own that nobody else uses, and closes it. */
async function load(objects: readonly ObjectFile[], name: string): Promise<'accepted'> {
  const programs = new BpfPrograms();
  const loader = await ProgramLoader.open({ programs, objects, maps: new Map() });
  return loader.withProgram({ name }, () => 'accepted' as const);
}
