import type { ConnectionTuple } from '../../../../engine/model/connection.ts';
import type {
  ConnectionTracker,
  FoundConnection,
  SequenceChecks,
  TrackerCost,
} from '../../../../engine/ports/connection-tracker.ts';
import { SerialQueue } from '../../../../async/serial-queue.ts';
import {
  CONNTRACK_GROUP,
  CONNTRACK_MESSAGE,
  NFGENMSG_BYTES,
} from '../../../../protocols/netlink/conntrack.ts';
import type { NetlinkMessage } from '../../../../protocols/netlink/message.ts';
import type { DumpReader } from '../../../../protocols/netlink/exchange.ts';
import { NetlinkRequests } from '../../../../protocols/netlink/requests.ts';
import {
  NetlinkSocket,
  type NetlinkTransport,
  PROTOCOL,
} from '../../../../protocols/netlink/socket.ts';
import { NetlinkSubscription } from '../../../../protocols/netlink/subscription.ts';
import { ConnectionRecord } from '../../conntrack/connection-record.ts';
import { ConnectionStore } from '../../conntrack/connection-store.ts';
import { TooManyConnections } from '../../conntrack/errors.ts';
import { ConnectionReader } from './connection-reader.ts';
import { ConnectionsUnsettled } from './errors.ts';
import { RecentChanges } from './recent-changes.ts';
import { kernelSequenceChecks, readSetting, type ReadSetting, TCP_LIBERAL } from './settings.ts';

/** A dump of as many takes about a second of the kernel and of this process. */
const MAX_CONNECTIONS = 1_000_000;
/** Dumps in a row during which notifications may be lost, before a refresh fails. */
const MAX_ATTEMPTS = 3;
/** Turns of reading notifications after a dump. */
const MAX_DRAINS = 64;
/** Refreshes that wait for one. */
const MAX_WAITING = 4;
/** Bytes of a message that cannot be read, to show. */
const SAMPLE_BYTES = 100;
/** All connections of both IP versions. */
const DUMP_ALL = Buffer.alloc(NFGENMSG_BYTES);

export interface KernelConnectionTrackerOptions {
  /** Longest time for one dump, ms. */
  readonly timeoutMs: number;
  /** Whether the vSwitch uses this zone; default: all. The host has connections of its own. */
  readonly usesZone?: (zone: number) => boolean;
  /** Most connections to read; default a million. */
  readonly maxConnections?: number;
  /** Opens a socket; left out: in the network namespace of the process. */
  readonly open?: (protocol: number) => NetlinkTransport;
  /** Default: of the network namespace of the process. */
  readonly setting?: ReadSetting;
}

/**
 * The connections of the kernel's conntrack, read over netlink (ctnetlink), which costs ovs-vswitchd
 * nothing.
 *
 * A refresh reads all of them. Between refreshes the kernel reports connections that are destroyed,
 * and changes of marks and labels: these are forgotten at once, until the next refresh. It does not
 * report changes of TCP states, because Open vSwitch asks it not to, and nothing at all about
 * connections that are older than the first listener.
 */
export class KernelConnectionTracker implements ConnectionTracker {
  readonly name = 'kernel conntrack';
  readonly #requests: NetlinkRequests;
  readonly #serial = new SerialQueue(MAX_WAITING);
  readonly #subscription: NetlinkSubscription;
  readonly #usesZone: (zone: number) => boolean;
  readonly #maxConnections: number;
  readonly #setting: ReadSetting;
  readonly #reader = new ConnectionReader();
  readonly #record = new ConnectionRecord();
  readonly #changes = new RecentChanges();
  readonly #listeners = new Set<() => void>();
  #current = new ConnectionStore();
  /** What the next dump is read into. */
  #next = new ConnectionStore();
  #isAnnounced = false;

  /** @throws {NetlinkUnusable} when the kernel has no ctnetlink */
  constructor(options: KernelConnectionTrackerOptions) {
    const { timeoutMs, open = (protocol: number) => new NetlinkSocket(protocol) } = options;
    this.#usesZone = options.usesZone ?? (() => true);
    this.#maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
    this.#setting = options.setting ?? readSetting;
    this.#requests = new NetlinkRequests(PROTOCOL.netfilter, { timeoutMs, open });
    const reader = {
      notified: (message: NetlinkMessage) => this.#notified(message),
      lost: () => this.#lost(),
    };
    const groups = [CONNTRACK_GROUP.update, CONNTRACK_GROUP.destroy];
    const socket = open(PROTOCOL.netfilter);
    this.#subscription = new NetlinkSubscription(PROTOCOL.netfilter, groups, reader, socket);
  }

  /**
   * Rejects with {@link TooManyConnections}, {@link ConnectionsUnsettled}, or the errors of
   * `netlink/errors.ts`.
   */
  refresh(signal: AbortSignal): Promise<TrackerCost> {
    return this.#serial.run(async () => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const cost = await this.#read(signal);
        if (cost !== undefined) return cost;
      }
      throw new ConnectionsUnsettled(MAX_ATTEMPTS);
    });
  }

  find(zone: number, tuple: ConnectionTuple): FoundConnection | undefined {
    return this.#current.find(zone, tuple);
  }

  async sequenceChecks(): Promise<SequenceChecks> {
    return kernelSequenceChecks(await this.#setting(TCP_LIBERAL));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#subscription.close();
    this.#requests.close();
    this.#listeners.clear();
    return Promise.resolve();
  }

  /** Reads all connections; undefined when notifications were lost meanwhile. */
  async #read(signal: AbortSignal): Promise<TrackerCost | undefined> {
    const counted = Number(await this.#setting('nf_conntrack_count'));
    if (counted > this.#maxConnections) throw new TooManyConnections(counted, this.#maxConnections);
    const next = this.#next;
    let skipped = 0;
    let firstSkipped: string | undefined;
    const reader: DumpReader = {
      begin: () => {
        this.#changes.begin();
        next.clear(counted);
        skipped = 0;
        firstSkipped = undefined;
      },
      message: (datagram, from, to) => {
        if (this.#reader.read(datagram, from, to, this.#record)) return this.#put(next);
        skipped++;
        firstSkipped ??= datagram.toString('hex', from, Math.min(to, from + SAMPLE_BYTES));
      },
    };
    const { get } = CONNTRACK_MESSAGE;
    await this.#requests.dumpTo('IPCTNL_MSG_CT_GET', get, DUMP_ALL, reader, signal);
    // What was notified meanwhile is newer than its part of the dump.
    this.#catchUp();
    if (!this.#changes.end(this.#record, () => remove(next, this.#record))) return undefined;
    this.#next = this.#current;
    this.#current = next;
    return { sourceMs: 0, connections: next.count, skipped, firstSkipped };
  }

  /** Reads the notifications of all changes up to now. */
  #catchUp(): void {
    for (let i = 0; i < MAX_DRAINS; i++) if (this.#subscription.drain()) return;
    // They arrive faster than they can be read.
    this.#changes.lose();
  }

  #put(store: ConnectionStore): void {
    const record = this.#record;
    if (this.#usesZone(record.zone)) store.put(record, this.#reader.isEstablished(record));
  }

  #notified({ type, payload }: NetlinkMessage): void {
    const record = this.#record;
    if (!this.#reader.read(payload, 0, payload.length, record)) return;
    if (type !== CONNTRACK_MESSAGE.delete && type !== CONNTRACK_MESSAGE.new) return;
    if (!this.#usesZone(record.zone)) return;
    this.#changes.add(record);
    if (remove(this.#current, record)) this.#announce();
  }

  /** Any connection may have changed: all are forgotten, until the next refresh. */
  #lost(): void {
    this.#changes.lose();
    if (this.#current.count === 0) return;
    this.#current.clear();
    this.#announce();
  }

  /** Calls the listeners once for all changes that are read in this turn. */
  #announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    setImmediate(() => {
      this.#isAnnounced = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

/** Removes the connection; false when the store does not have it. */
function remove(store: ConnectionStore, record: ConnectionRecord): boolean {
  const row = store.rowOf(record);
  if (row < 0) return false;
  store.removeRow(row);
  return true;
}
