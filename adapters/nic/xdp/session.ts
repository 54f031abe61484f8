import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type { CounterSink, EntrySink } from '../../../engine/ports/offload-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { Attachment } from './attachment.ts';
import { BpfPrograms } from './bpf-programs.ts';
import { adoptEntries, ufidOf } from './entry-adoption.ts';
import { EntryTable } from './entry-table.ts';
import { type EntriesNotDeleted, NetworkLockBusy } from './errors.ts';
import { FlowMap } from './flow-map.ts';
import { GracePeriod } from './grace-period.ts';
import { startGuard } from './guard.ts';
import { Installer } from './installer.ts';
import { Libbpf } from './libbpf.ts';
import { Lease } from './lease.ts';
import { PinLock } from './lock.ts';
import { Maps, sizesFor } from './maps.ts';
import { MaskSet } from './mask-set.ts';
import { NetworkLock } from './network-lock.ts';
import type { XdpBackendOptions } from './options.ts';
import { OtherHooks } from './other-hooks.ts';
import { PortMaps } from './port-maps.ts';
import { PortTable } from './port-table.ts';
import { ProgramLoader } from './program-loader.ts';
import { RedirectTargets } from './redirect-targets.ts';
import { CONTROL } from './records.ts';
import { StatsReader } from './stats-reader.ts';
import { StatsSlots } from './stats-slots.ts';

const MIN_STALL_MS = 5_000;
const TRAIN_MS = 5;
/** A new entry's first train, as a multiple of others: the vSwitch carried the flow until then. */
const FIRST_TRAIN = 10;

/** What a session is made of; {@link Session.open} opens it. */
interface Parts {
  readonly libbpf: Libbpf;
  readonly pinLock: PinLock;
  readonly networkLock: NetworkLock;
  readonly maps: Maps;
  readonly attachment: Attachment;
  /** Descriptor of the tracepoint; undefined where the kernel does not allow it. */
  readonly guard: number | undefined;
  readonly lease: Lease;
  readonly targets: RedirectTargets;
  readonly options: XdpBackendOptions;
}

/** The state between start and close. */
export class Session {
  readonly entries: EntryTable;
  readonly masks: MaskSet;
  readonly ports: PortTable;
  readonly installer: Installer;
  readonly lease: Lease;
  readonly #libbpf: Libbpf;
  readonly #pinLock: PinLock;
  readonly #networkLock: NetworkLock;
  readonly #maps: Maps;
  readonly #flows: FlowMap;
  readonly #slots: StatsSlots;
  readonly #stats: StatsReader;
  readonly #attachment: Attachment;
  readonly #grace: GracePeriod;
  readonly #hooks: OtherHooks;
  readonly #targets: RedirectTargets;
  readonly #guard: number | undefined;
  /** Flows whose entries were removed with a port and have not been reported yet. */
  #unreported: FlowId[] = [];

  private constructor({ options, ...parts }: Parts) {
    const { libbpf, maps, guard, lease } = parts;
    this.#libbpf = libbpf;
    this.#pinLock = parts.pinLock;
    this.#networkLock = parts.networkLock;
    this.#maps = maps;
    this.#targets = parts.targets;
    const { slots } = sizesFor(options.entries);
    this.#attachment = parts.attachment;
    this.#guard = guard;
    this.lease = lease;
    this.#grace = new GracePeriod(libbpf);
    this.entries = new EntryTable(slots);
    this.masks = new MaskSet(libbpf, maps, options.masks);
    this.#hooks = new OtherHooks(this.#networkLock);
    this.ports = new PortTable({
      maps: new PortMaps(libbpf, maps, this.#grace),
      attachment: this.#attachment,
      hooks: this.#hooks,
      targets: this.#targets,
      heartbeatMs: options.heartbeatMs,
      only: options.ports,
      detachAfterMs: options.detachAfterMs,
      entriesOf: (id) => this.entries.countOf(id),
      nowMs: monotonicMs,
    });
    this.#flows = new FlowMap(libbpf, maps.fd.flows, FIRST_TRAIN * (options.trainMs ?? TRAIN_MS));
    this.#slots = new StatsSlots(slots);
    this.#stats = new StatsReader(libbpf, maps.fd.stats, this.#slots, this.entries);
    this.installer = new Installer({
      entries: this.entries,
      flows: this.#flows,
      grace: this.#grace,
      masks: this.masks,
      ports: this.ports,
      slots: this.#slots,
      limit: options.entries,
      nowMs: monotonicMs,
    });
  }

  static async open(options: XdpBackendOptions, ports: PortSnapshot): Promise<Session> {
    const libbpf = new Libbpf();
    const programs = new BpfPrograms();
    const networkLock = new NetworkLock(options.maxLockWaitMs);
    const pinLock = PinLock.acquire(options.pinPath);
    const undo = [() => pinLock.release()];
    try {
      const { pinPath } = options;
      const sizes = sizesFor(options.entries);
      const pinned = Maps.open(libbpf, pinPath, sizes);
      const maps = pinned ?? Maps.create(libbpf, pinPath, sizes);
      undo.unshift(() => maps.close());
      const loader = await ProgramLoader.open(programs, maps, options.objectPath);
      const tools = { libbpf, programs, loader, maps, lock: networkLock };
      const attachment = await Attachment.open(tools, options);
      undo.unshift(() => attachment.close());
      const guard = await startGuard(programs, loader);
      if (guard !== undefined) undo.unshift(() => libbpf.close(guard));
      const lease = await Lease.open(libbpf, programs, loader);
      undo.unshift(() => lease.close());
      const targets = await RedirectTargets.open(networkLock);
      undo.unshift(() => targets.close());
      const parts = { libbpf, pinLock, networkLock, maps, attachment, guard, lease, targets };
      const session = new Session({ ...parts, options });
      undo.unshift(() => session.#closeOwn());
      maps.setWord(CONTROL.trainNs, BigInt(options.trainMs ?? TRAIN_MS) * 1_000_000n);
      maps.setWord(CONTROL.minStallNs, BigInt(options.minStallMs ?? MIN_STALL_MS) * 1_000_000n);
      if (pinned !== undefined) await session.#adopt(ports);
      await session.updatePorts(ports);
      return session;
    } catch (error) {
      for (const step of undo) step();
      throw error;
    }
  }

  description(): string {
    const modes = this.ports.served.report().map((port) => port.mode);
    const count = (mode: string) => modes.filter((m) => m === mode).length;
    return (
      `XDP through libbpf ${this.#libbpf.version()}: ${count('native')} ports native, ` +
      `${count('generic')} generic, ${count('detached')} without entries, ` +
      `${count('unavailable')} not served` +
      (this.#guard === undefined ? '; failed redirects are not detected' : '')
    );
  }

  /** Reads the installed entries from the kernel. */
  readEntries(sink: EntrySink): void {
    this.#flows.read((_keys, _key, values, at) => sink.entry(ufidOf(values, at)));
  }

  /** Reads the counters, and detaches ports that have had no entries for a while. */
  async readCounters(sink: CounterSink): Promise<void> {
    this.#stats.read(sink, monotonicMs());
    await this.ports.closeIdle();
  }

  /**
   * Adds and removes ports; returns the flows whose entries were removed with a port. The next call
   * retries failures.
   *
   * @throws {EntriesNotDeleted} {@link SystemCallFailed}
   */
  async updatePorts(ports: PortSnapshot): Promise<FlowId[]> {
    this.#drop(() => this.ports.drop(ports));
    await this.ports.refresh(ports);
    this.#drop(() => this.ports.dropBypassed());
    await this.ports.finishClosing();
    await this.ports.serve(ports);
    const failure = this.#removeTouched();
    if (failure !== undefined) throw failure;
    return this.#unreported.splice(0);
  }

  /**
   * Ends the session; see {@link OffloadBackend.close}.
   *
   * @throws {NetworkLockBusy} after a withdrawal whose programs could not be detached in time. They
   *   pass every packet to the vSwitch, and the pins stay, so that the next daemon detaches them
   */
  async close(how: 'withdraw' | 'keep'): Promise<void> {
    try {
      if (how === 'withdraw') await this.#withdraw();
    } finally {
      this.#stop();
      this.#maps.close();
      this.#pinLock.release();
    }
  }

  async #withdraw(): Promise<void> {
    this.lease.end();
    this.ports.dropAll();
    // Entries that the kernel did not delete end with their map.
    this.installer.removeWhere(() => true);
    const isDetached = await this.ports.finishClosing();
    if (!isDetached) throw new NetworkLockBusy('detaching', this.#networkLock.maxWaitMs);
    this.#maps.unpin();
  }

  /** Removes the entries of ports that are dropped, also when a part of that fails. */
  #drop(drop: () => void): void {
    try {
      drop();
    } finally {
      this.#removeTouched();
    }
  }

  /** Removes the entries of touched ports; returns an error when the kernel did not delete some. */
  #removeTouched(): EntriesNotDeleted | undefined {
    const touched = [...this.ports.served.touched];
    if (touched.length === 0) return undefined;
    const { ids, failure } = this.installer.removeWhere((slot) =>
      touched.some((id) => this.entries.names(slot, id)),
    );
    for (const id of ids) this.#unreported.push(id);
    if (failure === undefined) this.ports.served.touched.clear();
    return failure;
  }

  /** Calls `onChange` when something that decides how ports are served has changed. */
  watchDevices(onChange: () => void): void {
    this.#hooks.watch(() => this.ports.served.all(), onChange);
    this.#targets.watch(onChange);
    this.#networkLock.onFree(onChange);
  }

  #stop(): void {
    this.#closeOwn();
    this.#attachment.close();
    this.lease.close();
    if (this.#guard !== undefined) this.#libbpf.close(this.#guard);
  }

  /** Closes what the constructor has opened. */
  #closeOwn(): void {
    this.#networkLock.onFree(() => undefined);
    this.#hooks.close();
    this.#targets.close();
    this.#grace.close();
  }

  /** Adopts what an earlier daemon left. */
  async #adopt(ports: PortSnapshot): Promise<void> {
    await this.ports.adopt(ports);
    adoptEntries(
      {
        entries: this.entries,
        flows: this.#flows,
        masks: this.masks,
        slots: this.#slots,
        stats: this.#stats,
      },
      this.ports.served.ids(),
    );
  }
}
