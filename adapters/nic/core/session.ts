import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import type { CounterSink, EntrySink } from '../../../engine/ports/offload-backend.ts';
import { monotonicMs } from '../../../async/monotonic.ts';
import { ArrivedTunnels } from './arrived-tunnels.ts';
import { BpfPrograms } from './bpf-programs.ts';
import { adoptEntries, ufidOf } from './entry-adoption.ts';
import { EntryTable } from './entry-table.ts';
import { type EntriesNotDeleted, NetworkLockBusy } from './errors.ts';
import { FlowMap } from './flow-map.ts';
import { GracePeriod } from './grace-period.ts';
import type { HostHooks, OpenHostHooks } from './hook.ts';
import { Installer } from './installer.ts';
import { Libbpf } from './libbpf.ts';
import { Lease } from './lease.ts';
import { PinLock } from './pin-lock.ts';
import { Maps, sizesFor } from './maps.ts';
import { MaskSet } from './mask-set.ts';
import { isMeterProgram } from './meter-pins.ts';
import { NetworkLock } from './network-lock.ts';
import { OwnPrograms } from './own-programs.ts';
import type { ProgramBackendOptions } from './options.ts';
import { PortMaps } from './port-maps.ts';
import { PortTable } from './port-table.ts';
import { CONTROL } from './records.ts';
import { SharedParts } from './shared-parts.ts';
import { StatsReader } from './stats-reader.ts';
import { StatsSlots } from './stats-slots.ts';
import { TunnelHeaders } from './tunnel-headers.ts';

const TRAIN_MS = 5;
/** A new entry's first train, as a multiple of others: the vSwitch carried the flow until then. */
const FIRST_TRAIN = 10;

/** What a session is made of; {@link Session.open} opens it. */
interface Parts {
  readonly libbpf: Libbpf;
  readonly pinLock: PinLock;
  readonly networkLock: NetworkLock;
  readonly maps: Maps;
  readonly hook: HostHooks;
  readonly lease: Lease;
  readonly options: ProgramBackendOptions;
}

/** The state between start and close. */
export class Session {
  readonly entries: EntryTable;
  readonly masks: MaskSet;
  readonly ports: PortTable;
  readonly installer: Installer;
  readonly lease: Lease;
  readonly #pinLock: PinLock;
  readonly #networkLock: NetworkLock;
  readonly #maps: Maps;
  readonly #flows: FlowMap;
  readonly #slots: StatsSlots;
  readonly #stats: StatsReader;
  readonly #parts: SharedParts;
  readonly #hook: HostHooks;
  readonly #grace: GracePeriod;
  /** Flows whose entries were removed with a port and have not been reported yet. */
  #unreported: FlowId[] = [];

  private constructor({ options, ...parts }: Parts) {
    const { libbpf, maps, hook, lease } = parts;
    this.#pinLock = parts.pinLock;
    this.#networkLock = parts.networkLock;
    this.#maps = maps;
    this.#hook = hook;
    const { slots } = sizesFor(options.entries);
    this.lease = lease;
    this.#grace = new GracePeriod(libbpf);
    this.entries = new EntryTable(slots, options.entries);
    this.masks = new MaskSet(libbpf, maps, options.masks);
    this.ports = new PortTable({
      maps: new PortMaps(libbpf, maps, this.#grace),
      hook,
      heartbeatMs: options.heartbeatMs,
      only: options.ports,
      detachAfterMs: options.detachAfterMs,
      entriesOf: (id) => this.entries.countOf(id),
      nowMs: monotonicMs,
    });
    this.#flows = new FlowMap(libbpf, maps.fd.flows, FIRST_TRAIN * (options.trainMs ?? TRAIN_MS));
    this.#slots = new StatsSlots(slots);
    this.#stats = new StatsReader(libbpf, maps.fd.stats, this.#slots, this.entries);
    this.#parts = new SharedParts(
      this.masks,
      new TunnelHeaders(libbpf, maps.fd.tunnel_headers),
      new ArrivedTunnels(libbpf, maps),
    );
    this.installer = new Installer({
      entries: this.entries,
      flows: this.#flows,
      grace: this.#grace,
      ports: this.ports,
      outputs: hook.outputs,
      slots: this.#slots,
      parts: this.#parts,
      limit: options.entries,
      nowMs: monotonicMs,
    });
  }

  /** @param openHooks opens the hooks that the programs of the ports are attached to */
  static async open(
    options: ProgramBackendOptions,
    openHooks: OpenHostHooks,
    ports: PortSnapshot,
  ): Promise<Session> {
    const libbpf = new Libbpf();
    const programs = new BpfPrograms();
    const networkLock = new NetworkLock(options.maxLockWaitMs);
    const own = new OwnPrograms();
    own.add((programId) => isMeterProgram(options.pinPath, programId));
    const pinLock = PinLock.acquire(options.pinPath);
    const undo: (() => void | Promise<void>)[] = [() => pinLock.release()];
    try {
      const { pinPath } = options;
      const sizes = sizesFor(options.entries);
      const pinned = Maps.open(libbpf, pinPath, sizes);
      const maps = pinned ?? Maps.create(libbpf, pinPath, sizes);
      undo.unshift(() => maps.close());
      const areMapsAdopted = pinned !== undefined;
      const tools = { libbpf, programs, maps, lock: networkLock, own, areMapsAdopted };
      const hook = await openHooks(tools);
      undo.unshift(() => hook.close());
      const lease = await Lease.open(libbpf, programs, hook.loader);
      undo.unshift(() => lease.close());
      const session = new Session({ libbpf, pinLock, networkLock, maps, hook, lease, options });
      undo.unshift(async () => {
        await session.installer.settled();
        session.#closeOwn();
      });
      maps.setWord(CONTROL.trainNs, BigInt(options.trainMs ?? TRAIN_MS) * 1_000_000n);
      if (areMapsAdopted) await session.#adopt(ports);
      await session.updatePorts(ports);
      return session;
    } catch (error) {
      for (const step of undo) await step();
      throw error;
    }
  }

  description(): string {
    return this.#hook.describe(this.ports.served.report());
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
      await this.installer.settled();
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
    this.#hook.unpin();
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
    this.#hook.otherHooks.watch(() => this.ports.served.all(), onChange);
    this.#hook.outputs.watch(onChange);
    this.#networkLock.onFree(onChange);
  }

  #stop(): void {
    this.#closeOwn();
    this.#hook.close();
    this.lease.close();
  }

  /** Closes what the constructor has opened. */
  #closeOwn(): void {
    this.#networkLock.onFree(() => undefined);
    this.#grace.close();
  }

  /** Adopts what an earlier daemon left. */
  async #adopt(ports: PortSnapshot): Promise<void> {
    await this.ports.adopt(ports);
    adoptEntries(
      {
        entries: this.entries,
        flows: this.#flows,
        parts: this.#parts,
        slots: this.#slots,
        stats: this.#stats,
      },
      this.ports.served.ids(),
    );
  }
}
