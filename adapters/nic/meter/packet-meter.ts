import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { monotonicMs } from '../../../async/monotonic.ts';
import { SerialQueue } from '../../../async/serial-queue.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type {
  ConnectionMeter,
  MeterReading,
  MeterSink,
} from '../../../engine/ports/connection-meter.ts';
import { BpfPrograms } from '../core/bpf-programs.ts';
import { DevicePrograms } from '../core/device-programs.ts';
import { Libbpf } from '../core/libbpf.ts';
import { meterPinPath } from '../core/meter-pins.ts';
import { NetworkLock } from '../core/network-lock.ts';
import { PinLock } from '../core/pin-lock.ts';
import { ProgramLoader } from '../core/program-loader.ts';
import { TcxLinks } from '../tcx/tcx-links.ts';
import { ConnectionReader } from './connection-reader.ts';
import { MeterUnsupported } from './errors.ts';
import { Forgotten } from './forgotten.ts';
import { MeteredPorts } from './metered-ports.ts';
import { MeterMaps } from './meter-maps.ts';
import type { PacketMeterOptions } from './options.ts';
import { PortNames } from './port-names.ts';
import { ProgramPins } from './program-pins.ts';

const PROGRAM = 'norikae_meter';

/** The program stops counting when it has not been read for so long, ms: its daemon is dead, or hangs. */
const UNREAD_MS = 120_000;

/** What an open meter is made of. */
interface Parts {
  readonly libbpf: Libbpf;
  readonly lock: NetworkLock;
  readonly pinLock: PinLock;
  readonly folder: string;
  readonly maps: MeterMaps;
  readonly pins: ProgramPins;
  readonly ports: MeteredPorts;
  readonly names: PortNames;
  readonly program: { readonly fd: number; readonly id: number };
  readonly forgetAfterMs: number;
}

/**
 * Counts packets by connection with a BPF program at tcx ingress of the ports. It runs behind XDP and
 * behind the entries at tcx, and passes every packet on unchanged.
 *
 * Needs root (CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON), a little-endian CPU and Linux 6.6 or later.
 */
export class PacketMeter implements ConnectionMeter {
  readonly name = 'tcx';
  readonly #parts: Parts;
  readonly #reader: ConnectionReader;
  readonly #forgotten: Forgotten;
  readonly #serial = new SerialQueue();
  #snapshot: PortSnapshot = new Map();
  #isClosed = false;

  private constructor(parts: Parts) {
    this.#parts = parts;
    const { libbpf, lock, maps, names, forgetAfterMs } = parts;
    this.#reader = new ConnectionReader(libbpf, maps.connections, names, forgetAfterMs);
    this.#forgotten = new Forgotten(maps.areAdopted);
    lock.onFree(() => void this.#serial.run(() => this.#follow()));
  }

  /**
   * Loads the program, and adopts what an earlier daemon has counted and left attached.
   *
   * @throws {PinPathInUse} {@link NoBpfFileSystem} {@link LibbpfMissing} {@link ObjectUnusable}
   *   {@link ProgramRejected} {@link NetworkLockBusy} {@link MeterUnsupported}
   */
  static async open(options: PacketMeterOptions, ports: PortSnapshot): Promise<PacketMeter> {
    const libbpf = new Libbpf();
    const programs = new BpfPrograms();
    const lock = new NetworkLock(options.maxLockWaitMs);
    if (!(await new DevicePrograms(lock).knowsTcx())) throw new MeterUnsupported();
    const folder = meterPinPath(options.pinPath);
    const pinLock = PinLock.acquire(folder);
    const undo = [() => pinLock.release()];
    try {
      const maps = MeterMaps.open(libbpf, folder, options.connections);
      undo.unshift(() => maps.close());
      maps.countUntil(monotonicMs() + UNREAD_MS);
      const loader = await ProgramLoader.open({
        programs,
        objects: [{ path: options.objectPath, names: [PROGRAM] }],
        maps: maps.byName(),
      });
      const fd = await loader.withProgram({ name: PROGRAM }, (loaded) => libbpf.duplicate(loaded));
      undo.unshift(() => libbpf.close(fd));
      const program = { fd, id: programs.programInfo(fd).id };
      const pins = new ProgramPins(libbpf, folder);
      pins.add(program.id, fd);
      const point = new TcxLinks(libbpf, lock, folder, 'last');
      await point.open();
      const names = new PortNames();
      const only = options.ports === undefined ? undefined : new Set(options.ports);
      const { samplingOf, forgetAfterMs } = options;
      const metered = { maps, point, pins, names, program, only, samplingOf };
      const meter = new PacketMeter({
        libbpf,
        lock,
        pinLock,
        folder,
        maps,
        pins,
        names,
        program,
        forgetAfterMs,
        ports: new MeteredPorts(metered),
      });
      await meter.portsChanged(ports);
      return meter;
    } catch (error) {
      lock.onFree(() => undefined);
      for (const step of undo) step();
      throw error;
    }
  }

  /** Follows the ports; what fails for a port is in {@link failures}, and tried again at the next call. */
  portsChanged(ports: PortSnapshot): Promise<void> {
    this.#snapshot = ports;
    return this.#serial.run(() => this.#follow());
  }

  ports(): ReadonlySet<string> {
    return this.#parts.ports.names();
  }

  /** Why ports are not counted that could be, by name. */
  failures(): ReadonlyMap<string, string> {
    return this.#parts.ports.failures();
  }

  read(sink: MeterSink, signal: AbortSignal): Promise<MeterReading> {
    return this.#serial.run(async () => {
      const { maps, ports } = this.#parts;
      const nowMs = monotonicMs();
      maps.countUntil(nowMs + UNREAD_MS);
      const added = maps.added();
      const { reported, deleted } = await this.#reader.read(sink, nowMs, signal);
      const forgotten = this.#forgotten.after({ added, present: reported, deleted });
      return { connections: reported, forgotten, sampling: ports.sampling() };
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
      if (this.#isClosed) return;
      this.#isClosed = true;
      const { libbpf, lock, pinLock, maps, program } = this.#parts;
      lock.onFree(() => undefined);
      try {
        if (how === 'withdraw') await this.#withdraw();
      } finally {
        libbpf.close(program.fd);
        maps.close();
        pinLock.release();
      }
    });
  }

  async #withdraw(): Promise<void> {
    const { maps, pins, ports, folder } = this.#parts;
    await ports.leaveAll();
    pins.keepOnly(undefined);
    maps.unpin();
    // Anything that is left has not been pinned by a meter.
    if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
  }

  async #follow(): Promise<void> {
    if (this.#isClosed) return;
    await this.#parts.ports.follow(this.#snapshot);
  }
}
