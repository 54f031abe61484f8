import { readFileSync } from 'node:fs';

/** Cumulative counters of one network device. */
export interface DeviceCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txDropped: number;
}

/** A device does not exist. */
export class NoSuchDevice extends Error {
  override readonly name = 'NoSuchDevice';
}

/**
 * Counters of a device in the network namespace of a process (proc_pid_net(5), `dev`).
 *
 * @throws {NoSuchDevice}
 */
export function readDeviceCounters(pid: number, device: string): DeviceCounters {
  for (const line of readFileSync(`/proc/${pid}/net/dev`, 'utf8').split('\n')) {
    const [name, rest] = line.split(':');
    if (rest === undefined || name.trim() !== device) continue;
    const n = rest.trim().split(/\s+/).map(Number);
    return {
      rxBytes: n[0],
      rxPackets: n[1],
      rxDropped: n[3],
      txBytes: n[8],
      txPackets: n[9],
      txDropped: n[11],
    };
  }
  throw new NoSuchDevice(`the namespace of process ${pid} has no device ${device}`);
}
