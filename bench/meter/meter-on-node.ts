import { DevicePrograms } from '../../adapters/nic/core/device-programs.ts';
import { isMeterProgram } from '../../adapters/nic/core/meter-pins.ts';
import { NetworkLock } from '../../adapters/nic/core/network-lock.ts';
import { SAMPLING } from '../../adapters/nic/meter/options.ts';
import { PacketMeter } from '../../adapters/nic/meter/packet-meter.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import type { TestNode, Vm } from '../../lab/testbed/node.ts';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import type { MeteredHow } from './figures.ts';

const CONNECTIONS = 1 << 20;
/** An emulated processor takes seconds to load a program. */
const LOCK_MS = 30_000;

/** A meter on the ports of two VMs. */
export interface RunningMeter {
  /** Of the program on the first port. */
  readonly programId: number;
  close(): Promise<void>;
}

/** Starts a meter as it is asked for; undefined for `none`. */
export async function startMeter(
  { pinPath }: TestNode,
  vms: readonly Vm[],
  how: MeteredHow,
): Promise<RunningMeter | undefined> {
  if (how === 'none') return undefined;
  const meter = new PacketMeter({
    pinPath,
    objectPath: join(packageRoot(), 'dist/adapters/nic/meter/norikae.bpf.o'),
    connections: CONNECTIONS,
    forgetAfterMs: 60_000,
    sampling: how === 'sampled' ? SAMPLING : { above: 0, oneIn: 1 },
    maxLockWaitMs: LOCK_MS,
  });
  const ports = vms.map((vm): [string, PortInfo] => [vm.name, infoOf(vm)]);
  await meter.portsChanged(new Map(ports));
  const [{ port }] = vms;
  const programs = new DevicePrograms(new NetworkLock(LOCK_MS));
  const there = (await programs.tcx([port.ifindex], ['ingress'])).get(port.ifindex) ?? [];
  const programId = there.find((id) => isMeterProgram(pinPath, id));
  if (programId === undefined) throw new Error('the meter has no program on the port');
  return { programId, close: () => meter.close('withdraw') };
}

function infoOf({ name, mac, port }: Vm): PortInfo {
  return {
    name,
    uuid: `uuid-of-${name}`,
    ifindex: port.ifindex,
    bridge: 'br0',
    kind: 'vm',
    mac,
    vm: name,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}
