import { SerialQueue } from '../../../async/serial-queue.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type {
  ConnectionMeter,
  MeterReading,
  MeterSink,
  TunnelEndpoint,
  UncountedPort,
} from '../../../engine/ports/connection-meter.ts';
import { NetworkLock } from '../core/network-lock.ts';
import { MeterClosed } from './errors.ts';
import { MeterSession } from './meter-session.ts';
import type { PacketMeterOptions } from './options.ts';

/**
 * Counts packets by connection with a BPF program at tc ingress of the ports, at tcx or as a filter
 * (cls_bpf). It runs behind XDP and behind the entries at the same hook, and passes every packet on unchanged.
 *
 * The first call loads the program, and adopts what an earlier daemon has counted and left attached; when
 * that fails, the next call tries again.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON), a little-endian CPU and Linux 5.18 or later.
 */
export class PacketMeter implements ConnectionMeter {
  readonly name = 'tc ingress';
  readonly #options: PacketMeterOptions;
  readonly #lock: NetworkLock;
  readonly #serial = new SerialQueue();
  #session: MeterSession | undefined;
  #snapshot: PortSnapshot = new Map();
  #endpoints: readonly TunnelEndpoint[] = [];
  #isClosed = false;

  constructor(options: PacketMeterOptions) {
    this.#options = options;
    this.#lock = new NetworkLock(options.maxLockWaitMs);
    this.#lock.onFree(
      () => void this.#serial.run(() => this.#session?.ports.follow(this.#snapshot)),
    );
  }

  /**
   * Follows the ports. What fails for a port is in {@link uncountedPorts}, and tried again at the next call.
   *
   * @throws what {@link MeterSession.open} throws
   */
  portsChanged(ports: PortSnapshot): Promise<void> {
    return this.#serial.run(async () => {
      this.#snapshot = ports;
      if (this.#session === undefined) await this.#open();
      else await this.#session.ports.follow(ports);
    });
  }

  tunnelsChanged(endpoints: readonly TunnelEndpoint[]): Promise<void> {
    return this.#serial.run(async () => {
      this.#endpoints = endpoints;
      this.#session?.ports.endAt(endpoints);
    });
  }

  ports(): ReadonlySet<string> {
    return this.#session?.ports.names() ?? new Set();
  }

  uncountedPorts(): readonly UncountedPort[] {
    return this.#session?.ports.uncounted() ?? [];
  }

  /** @throws what {@link MeterSession.open} throws */
  read(sink: MeterSink, signal: AbortSignal): Promise<MeterReading> {
    return this.#serial.run(async () => {
      signal.throwIfAborted();
      return (this.#session ?? (await this.#open())).read(sink, signal);
    });
  }

  /**
   * Ends counting. With `keep` the program stays attached, and a later daemon adopts what it has counted.
   *
   * @throws {NetworkLockBusy} when the program could not be detached in time; it changes no packet, and
   *   its pins stay, so that the next daemon detaches it
   */
  close(how: 'withdraw' | 'keep'): Promise<void> {
    return this.#serial.run(async () => {
      this.#isClosed = true;
      const session = this.#session;
      this.#session = undefined;
      await session?.close(how);
    });
  }

  async #open(): Promise<MeterSession> {
    if (this.#isClosed) throw new MeterClosed();
    const session = await MeterSession.open(this.#options, this.#lock);
    this.#session = session;
    session.ports.endAt(this.#endpoints);
    await session.ports.follow(this.#snapshot);
    return session;
  }
}
