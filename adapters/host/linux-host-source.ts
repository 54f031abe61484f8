import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostSample, HostSource, PortCounters } from '../../engine/ports/host-source.ts';
import { parseCpuTimes } from './cpu-times.ts';
import { HostUnreadable } from './errors.ts';

export interface LinuxHostSourceOptions {
  /** Default: /proc/stat. */
  readonly procStat?: string;
  /** Default: /sys/class/net. */
  readonly sysClassNet?: string;
}

/** CPU times from /proc/stat and device counters from /sys/class/net. */
export class LinuxHostSource implements HostSource {
  readonly name = 'host';
  readonly #procStat: string;
  readonly #sysClassNet: string;

  constructor(options: LinuxHostSourceOptions = {}) {
    this.#procStat = options.procStat ?? '/proc/stat';
    this.#sysClassNet = options.sysClassNet ?? '/sys/class/net';
  }

  /** Rejects with HostUnreadable, or when `signal` aborts. */
  async read(ports: Iterable<string>, signal: AbortSignal): Promise<HostSample> {
    const stat = await readFile(this.#procStat, { encoding: 'latin1', signal }).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        throw new HostUnreadable(this.#procStat, String(error));
      },
    );
    const cpu = parseCpuTimes(stat);
    if (cpu === undefined) throw new HostUnreadable(this.#procStat, 'it has no line `cpu`');
    const counters = await Promise.all(
      Array.from(ports, async (port) => ({ port, read: await this.#counters(port, signal) })),
    );
    signal.throwIfAborted();
    const found = new Map<string, PortCounters>();
    for (const { port, read } of counters) if (read !== undefined) found.set(port, read);
    return { cpu, ports: found };
  }

  /** Undefined when the device does not exist or disappears during the read. */
  async #counters(port: string, signal: AbortSignal): Promise<PortCounters | undefined> {
    if (port === '' || port.startsWith('.') || port.includes('/')) return undefined;
    const directory = join(this.#sysClassNet, port, 'statistics');
    const counter = async (name: string): Promise<number> =>
      Number(await readFile(join(directory, name), { encoding: 'latin1', signal }));
    try {
      const [rxBytes, txBytes, rxPackets, txPackets] = await Promise.all(
        ['rx_bytes', 'tx_bytes', 'rx_packets', 'tx_packets'].map(counter),
      );
      return { rxBytes, txBytes, rxPackets, txPackets };
    } catch {
      return undefined;
    }
  }
}
