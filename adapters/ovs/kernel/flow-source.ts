import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { FlowSource, ReadCost } from '../../../engine/ports/flow-source.ts';
import { NetlinkRefused } from '../../../protocols/netlink/errors.ts';
import { datapaths, vports } from '../../../protocols/netlink/ovs/datapaths.ts';
import { type OvsFamilies, ovsFamilies } from '../../../protocols/netlink/ovs/families.ts';
import { flowDump, flowsOf, TERSE } from '../../../protocols/netlink/ovs/flows.ts';
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import {
  NetlinkSocket,
  type NetlinkTransport,
  PROTOCOL,
} from '../../../protocols/netlink/socket.ts';
import { Announcement } from './announcement.ts';
import { DatapathWatch } from './datapath-watch.ts';
import {
  DatapathMissing,
  NoKernelDatapath,
  PortsUnsettled,
  SeveralKernelDatapaths,
} from './errors.ts';
import { ufidBytes } from './flow-record.ts';
import { FlowTranslator } from './flow-translator.ts';
import { Reading, type ReadingSummary } from './reading.ts';

/** Readings in a row whose ports may change, before a read fails. */
const MAX_ATTEMPTS = 3;
/**
 * Changed flows to ask for one by one at least and at most, before a dump of everything costs less: as
 * many as there are flows.
 */
const MIN_ASKED = 1024;
const MAX_ASKED = 65_536;
/** Everything is read again after this time, ms, in case a notification was missed unnoticed. */
const FULL_AFTER_MS = 60_000;
const SYSTEM_PREFIX = 'system@';
const PAUSED = 'too many flows changed to follow them; changes waited for this reading';

export interface KernelFlowSourceOptions {
  /** Datapath to read: `ovs-system` or `system@ovs-system`; needed when there are several. */
  readonly datapath?: string;
  /** Longest time for one request or dump, ms. */
  readonly timeoutMs: number;
  /** Opens a socket; left out: in the network namespace of the process. */
  readonly open?: (protocol: number) => NetlinkTransport;
}

/** The datapath that is being read. */
interface Session {
  readonly families: OvsFamilies;
  readonly dpIfindex: number;
  readonly watch: DatapathWatch;
}

/**
 * The flows of an Open vSwitch kernel datapath, read from the kernel over netlink, so that a reading
 * costs ovs-vswitchd nothing.
 *
 * The first dump has keys, masks and actions. From then on the kernel reports every flow that is
 * made, changed or deleted, and dumps contain ufids and counters alone ({@link Reading}). When
 * notifications are lost, ports change or a reading fails, everything is read again.
 *
 * Flows that OVS has moved to tc (`hw-offload=true`) are not in the kernel datapath; a node with
 * that setting must be read from ovs-vswitchd.
 */
export class KernelFlowSource implements FlowSource {
  readonly name = 'ovs-kernel';
  readonly #requests: NetlinkRequests;
  readonly #open: (protocol: number) => NetlinkTransport;
  readonly #wanted: string | undefined;
  readonly #translator = new FlowTranslator();
  readonly #reading = new Reading(this.#translator);
  readonly #onActionsChange = new Announcement();
  readonly #onNewFlow = new Announcement();
  #session: Session | undefined;
  /** The table of the last reading that was complete; undefined: everything must be read. */
  #table: FlowTable | undefined;
  #fullAtMs = Number.NEGATIVE_INFINITY;

  /** @throws {NetlinkUnusable} */
  constructor({ datapath, timeoutMs, open = openSocket }: KernelFlowSourceOptions) {
    this.#open = open;
    this.#requests = new NetlinkRequests(PROTOCOL.generic, { timeoutMs, open });
    this.#wanted = datapath?.startsWith(SYSTEM_PREFIX)
      ? datapath.slice(SYSTEM_PREFIX.length)
      : datapath;
  }

  /**
   * Calls `listener` within some ms after ovs-vswitchd changed the actions of a flow, once the first
   * reading has started; the returned function unsubscribes.
   */
  onActionsChange(listener: () => void): () => void {
    return this.#onActionsChange.subscribe(listener);
  }

  /**
   * Calls `listener` within some ms after flows were made, once for all that are reported together;
   * the returned function unsubscribes.
   */
  onNewFlow(listener: () => void): () => void {
    return this.#onNewFlow.subscribe(listener);
  }

  /** True: too many flows changed to follow them; everything is read at the next reading. */
  get isPaused(): boolean {
    return this.#session?.watch.isPaused ?? false;
  }

  /**
   * `sourceMs` is the time of the whole reading, an upper bound: it is spent by threads of Norikae, in
   * the kernel and outside.
   */
  async read(table: FlowTable, signal: AbortSignal): Promise<ReadCost> {
    signal.throwIfAborted();
    const startedMs = performance.now();
    try {
      this.#session?.watch.catchUp();
      if (this.#session?.watch.isGone === true) this.#leave();
      const note = this.isPaused ? { note: PAUSED } : {};
      const session = (this.#session ??= await this.#find());
      const summary = await this.#readSettled(session, table, signal);
      return { ...summary, ...note, sourceMs: performance.now() - startedMs };
    } catch (error) {
      this.#table = undefined;
      // The datapath may be gone, or recreated with another ifindex.
      if (error instanceof NetlinkRefused || this.#session?.watch.isGone === true) this.#leave();
      throw error;
    }
  }

  /** Asks for the flows that were made of late one by one, as long as notifications are complete. */
  async readNew(table: FlowTable, signal: AbortSignal): Promise<boolean> {
    const session = this.#session;
    if (session === undefined || !this.#canReadNew(session, table)) return false;
    const { families, dpIfindex, watch } = session;
    const nowMs = performance.now();
    const flows = watch.made.at(nowMs);
    this.#reading.start(table, false, monotonicMs());
    const ufids = flows.map(({ id }) => ufidBytes(id));
    const answers = await flowsOf(this.#requests, families, dpIfindex, ufids, signal);
    signal.throwIfAborted();
    // Port numbers may have got other names meanwhile.
    if (!this.#canReadNew(session, table)) return false;
    for (const [i, answer] of answers.entries()) {
      const { id, madeAtMs } = flows[i];
      if (!(answer instanceof NetlinkRefused)) {
        for (const { payload } of answer) this.#reading.answered(payload, nowMs - madeAtMs);
      } else if (answer.code !== 'ENOENT') {
        return false;
      }
      // A known flow that is gone or unreadable may have an entry.
      if (table.rowOf(id) >= 0 && !this.#reading.has(id)) return false;
    }
    this.#reading.finish();
    watch.made.forget((id) => isCounted(table, id));
    return true;
  }

  /** False when a complete reading is needed. */
  #canReadNew({ watch }: Session, table: FlowTable): boolean {
    watch.catchUp();
    const { isGone, hasPortChange, changes } = watch;
    return this.#table === table && changes.isComplete && !isGone && !hasPortChange;
  }

  close(): Promise<void> {
    this.#leave();
    this.#requests.close();
    return Promise.resolve();
  }

  async #find(): Promise<Session> {
    const families = await ovsFamilies(this.#requests);
    if (families === undefined) throw new NoKernelDatapath();
    const all = await datapaths(this.#requests, families);
    const names = all.map(({ name }) => name);
    const wanted = this.#wanted;
    const found = wanted === undefined ? all : all.filter(({ name }) => name === wanted);
    if (found.length > 1) throw new SeveralKernelDatapaths(names);
    if (found.length === 0) throw new DatapathMissing(wanted, names);
    const [{ ifindex: dpIfindex }] = found;
    const watch = new DatapathWatch(families, dpIfindex, () => this.#open(PROTOCOL.generic), {
      actionsChanged: () => this.#onActionsChange.make(),
      flowMade: () => this.#onNewFlow.make(),
    });
    return { families, dpIfindex, watch };
  }

  /** Another datapath may have the same ufids and other ports: everything must be read. */
  #leave(): void {
    this.#session?.watch.close();
    this.#session = undefined;
    this.#table = undefined;
  }

  /** Reads until the ports did not change meanwhile: their numbers are reused. */
  async #readSettled(
    session: Session,
    table: FlowTable,
    signal: AbortSignal,
  ): Promise<ReadingSummary> {
    const { watch } = session;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      await this.#readPorts(session);
      const isFull = this.#mustReadAll(watch, table);
      const isComplete = await this.#readOnce(session, table, isFull, signal);
      watch.catchUp();
      this.#table = undefined;
      if (watch.hasPortChange || (!isComplete && !isFull)) continue;
      // A dump of everything counts even when flows change too fast to follow; the next is another.
      if (isComplete) this.#table = table;
      const summary = this.#reading.finish();
      watch.made.forget((id) => isCounted(table, id));
      return summary;
    }
    throw new PortsUnsettled(MAX_ATTEMPTS);
  }

  async #readPorts({ families, dpIfindex, watch }: Session): Promise<void> {
    watch.catchUp();
    if (!watch.hasPortChange) return;
    watch.forgetPortChange();
    const ports = await vports(this.#requests, families, dpIfindex);
    const names = new Map(ports.map(({ number, name }) => [number, name]));
    if (this.#translator.setPorts(names)) this.#table = undefined;
  }

  #mustReadAll({ changes }: DatapathWatch, table: FlowTable): boolean {
    const isOld = monotonicMs() - this.#fullAtMs >= FULL_AFTER_MS;
    return isOld || this.#table !== table || !changes.isComplete;
  }

  /** False when so much changed that everything must be read again. */
  async #readOnce(
    session: Session,
    table: FlowTable,
    isFull: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { families, dpIfindex, watch } = session;
    const nowMs = monotonicMs();
    // A dump has at least the changes that were reported before it.
    if (isFull) watch.followFlows(maxAsked(table.count));
    this.#reading.start(table, isFull, nowMs);
    const payload = flowDump(families, dpIfindex, isFull ? 0 : TERSE);
    await this.#requests.dumpTo(
      'OVS_FLOW_CMD_GET',
      families.flow.id,
      payload,
      this.#reading,
      signal,
    );
    watch.catchUp();
    if (!watch.changes.isComplete) return false;
    const asked = this.#reading.toAsk(watch.changes);
    watch.changes.clear(maxAsked(this.#reading.size));
    if (!isFull && asked.length > maxAsked(table.count)) return false;
    const ufids = asked.map(ufidBytes);
    const answers = await flowsOf(this.#requests, families, dpIfindex, ufids, signal);
    for (const [i, answer] of answers.entries()) {
      if (!(answer instanceof NetlinkRefused)) {
        for (const { payload: flow } of answer) this.#reading.answered(flow);
      } else if (answer.code === 'ENOENT') this.#reading.gone(asked[i]);
      else throw answer;
    }
    if (isFull) this.#fullAtMs = nowMs;
    return true;
  }
}

/** True when there is nothing to wait for: the kernel has counted packets of the flow, or it is gone. */
function isCounted(table: FlowTable, id: FlowId): boolean {
  const row = table.rowOf(id);
  return row < 0 || table.traffic.rawPackets[row] > 0;
}

function maxAsked(flows: number): number {
  return Math.min(MAX_ASKED, Math.max(MIN_ASKED, flows));
}

/** CLOCK_MONOTONIC, ms: the clock of `OVS_FLOW_ATTR_USED`. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

function openSocket(protocol: number): NetlinkSocket {
  return new NetlinkSocket(protocol);
}
