import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { monotonicMs } from '../../../async/monotonic.ts';
import type { MeterReading, MeterSink } from '../../../engine/ports/connection-meter.ts';
import { BpfPrograms } from '../core/bpf-programs.ts';
import { Libbpf } from '../core/libbpf.ts';
import { meterPinPath } from '../core/meter-pins.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import { PinLock } from '../core/pin-lock.ts';
import { ConnectionReader } from './connection-reader.ts';
import { Forgotten } from './forgotten.ts';
import { KnownTunnels } from './known-tunnels.ts';
import { MeteredEndpoints } from './metered-endpoints.ts';
import { MeteredPorts } from './metered-ports.ts';
import { MeterMaps } from './meter-maps.ts';
import { type MeterPoint, openMeterPoint } from './meter-point.ts';
import { MeterProgram } from './meter-program.ts';
import { type PacketMeterOptions, SAMPLING } from './options.ts';
import { PortNames } from './port-names.ts';

/** The program stops counting when it has not been read for so long, ms: its daemon is dead, or hangs. */
const UNREAD_MS = 120_000;

/** What an open meter is made of. */
interface Parts {
  readonly libbpf: Libbpf;
  readonly pinLock: PinLock;
  readonly folder: string;
  readonly maps: MeterMaps;
  readonly place: MeterPoint;
  readonly program: MeterProgram;
  readonly ports: MeteredPorts;
  readonly names: PortNames;
  readonly options: PacketMeterOptions;
}

/** A loaded program with its maps. Calls must not overlap. */
export class MeterSession {
  readonly ports: MeteredPorts;
  readonly #parts: Parts;
  readonly #reader: ConnectionReader;
  readonly #tunnels: KnownTunnels;
  readonly #forgotten: Forgotten;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.ports = parts.ports;
    const { libbpf, maps, names: ports, options } = parts;
    const { forgetAfterMs } = options;
    const tunnels = new KnownTunnels(libbpf, maps.tunnels);
    this.#tunnels = tunnels;
    const fd = maps.connections;
    this.#reader = new ConnectionReader({ libbpf, fd, ports, tunnels, forgetAfterMs });
    this.#forgotten = new Forgotten(maps.areAdopted);
  }

  /**
   * Loads the program, and adopts what an earlier daemon has counted.
   *
   * @throws {PinPathInUse} {@link NoBpfFileSystem} {@link LibbpfMissing} {@link ObjectUnusable}
   *   {@link ProgramRejected} {@link NetworkLockBusy} {@link MeterUnsupported}
   */
  static async open(options: PacketMeterOptions, lock: NetworkLock): Promise<MeterSession> {
    const libbpf = new Libbpf();
    const programs = new BpfPrograms();
    const { connections, objectPath, sampling = SAMPLING } = options;
    const folder = meterPinPath(options.pinPath);
    const pinLock = PinLock.acquire(folder);
    const undo = [() => pinLock.release()];
    try {
      const maps = MeterMaps.open(libbpf, folder, connections);
      undo.unshift(() => maps.close());
      maps.sample(sampling);
      maps.countUntil(monotonicMs() + UNREAD_MS);
      const object = { objectPath, maps: maps.byName(), folder };
      const program = await MeterProgram.load({ libbpf, programs, ...object });
      undo.unshift(() => program.close());
      const { pinPath, hook } = options;
      const place = await openMeterPoint({ libbpf, programs, lock, pinPath, hook });
      undo.unshift(() => place.close());
      const names = new PortNames();
      const only = options.ports === undefined ? undefined : new Set(options.ports);
      const endpoints = new MeteredEndpoints(maps);
      const ports = new MeteredPorts({ maps, place, program, names, endpoints, only });
      const own = { libbpf, pinLock, folder, maps, place, program, names, ports };
      return new MeterSession({ ...own, options });
    } catch (error) {
      for (const step of undo) step();
      throw error;
    }
  }

  /** Reports the connections. @throws {SystemCallFailed} */
  async read(sink: MeterSink, signal: AbortSignal): Promise<MeterReading> {
    const { maps } = this.#parts;
    const nowMs = monotonicMs();
    maps.countUntil(nowMs + UNREAD_MS);
    const added = maps.added();
    await this.#tunnels.read(signal);
    const { reported, withheld, deleted } = await this.#reader.read(sink, nowMs, signal);
    const forgotten = this.#forgotten.after({ added, present: reported + withheld, deleted });
    return { connections: reported, forgotten, sampling: maps.sampling(nowMs) };
  }

  /** Ends the session; see {@link ConnectionMeter.close}. @throws {NetworkLockBusy} */
  async close(how: 'withdraw' | 'keep'): Promise<void> {
    const { pinLock, maps, place, program } = this.#parts;
    try {
      if (how === 'withdraw') await this.#withdraw();
    } finally {
      place.close();
      program.close();
      maps.close();
      pinLock.release();
    }
  }

  async #withdraw(): Promise<void> {
    const { maps, place, program, ports, folder } = this.#parts;
    await ports.leaveAll();
    place.unpin();
    program.unpin();
    maps.unpin();
    // Anything that is left has not been pinned by a meter.
    if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
  }
}
