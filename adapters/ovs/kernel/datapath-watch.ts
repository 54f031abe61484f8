import { NetlinkUnusable } from '../../../protocols/netlink/errors.ts';
import type { GenericFamily } from '../../../protocols/netlink/generic.ts';
import type { NetlinkMessage } from '../../../protocols/netlink/message.ts';
import { dpIfindexOf, type OvsFamilies } from '../../../protocols/netlink/ovs/families.ts';
import { COMMAND } from '../../../protocols/netlink/ovs/tables.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';
import {
  NetlinkSubscription,
  type NotificationSocket,
} from '../../../protocols/netlink/subscription.ts';
import { ChangeKind, FlowChanges } from './flow-changes.ts';
import { FlowRecord } from './flow-record.ts';
import { NewFlows } from './new-flows.ts';

/** Turns of reading notifications before a reading continues without the rest. */
const MAX_DRAINS = 64;

/** Poll periods, ms: a new flow waits for its entry, and a changed port is noticed by each reading. */
const FLOWS_PERIOD_MS = 5;
const PORTS_PERIOD_MS = 20;

/** What a {@link DatapathWatch} reports, within some ms. */
export interface WatchListener {
  /** The actions of a flow changed. */
  actionsChanged(): void;
  /** A flow was made, or so many flows changed that they are no longer followed. */
  flowMade(): void;
}

/**
 * Follows the notifications of one datapath: flows, ports, the datapath itself.
 *
 * Following costs the kernel a message for each flow that changes, and the process its reading. So
 * flows are followed only while that saves a complete reading: once too many have changed, or
 * notifications were lost, the watch leaves the kernel's group until {@link followFlows}.
 */
export class DatapathWatch {
  readonly changes = new FlowChanges();
  /** Flows that were made of late, as long as flows are followed. */
  readonly made = new NewFlows();
  readonly #families: OvsFamilies;
  readonly #dpIfindex: number;
  readonly #open: () => NotificationSocket;
  readonly #listener: WatchListener;
  readonly #record = new FlowRecord();
  #flows: NetlinkSubscription | undefined;
  #ports: NetlinkSubscription | undefined;
  #portsChanged = true;
  #gone = false;
  #isPaused = false;

  /**
   * Follows ports and datapath; flows from {@link followFlows} on.
   *
   * @param open opens a socket of generic netlink
   * @throws {NetlinkUnusable}
   */
  constructor(
    families: OvsFamilies,
    dpIfindex: number,
    open: () => NotificationSocket,
    listener: WatchListener,
  ) {
    this.#families = families;
    this.#dpIfindex = dpIfindex;
    this.#open = open;
    this.#listener = listener;
    const groups = [
      groupOf(families.vport, 'ovs_vport'),
      groupOf(families.datapath, 'ovs_datapath'),
    ];
    // A socket of their own: a flood of new flows must not leave the ports unknown.
    const lost = (): void => {
      this.#portsChanged = true;
    };
    this.#ports = this.#follow(groups, lost, PORTS_PERIOD_MS);
  }

  /** True once the datapath was deleted. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** True when the ports are unknown, or have changed since {@link forgetPortChange}. */
  get hasPortChange(): boolean {
    return this.#portsChanged;
  }

  /** The ports are about to be read. */
  forgetPortChange(): void {
    this.#portsChanged = false;
  }

  /** True: changes of flows are no longer followed, until the next complete reading. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /**
   * Follows the flows from now on, because all of them are about to be read.
   *
   * @param maxChanges changes beyond which a complete reading costs less than following them
   * @throws {NetlinkUnusable}
   */
  followFlows(maxChanges: number): void {
    this.#isPaused = false;
    this.changes.restart(maxChanges);
    const groups = [groupOf(this.#families.flow, 'ovs_flow')];
    this.#flows ??= this.#follow(groups, () => this.#pause(), FLOWS_PERIOD_MS);
  }

  /** Reads the notifications of all changes up to now. */
  catchUp(): void {
    for (let i = 0; i < MAX_DRAINS; i++) {
      // All are drained, also after one that has more to read.
      const areRead = [this.#flows, this.#ports].map((one) => one?.drain() ?? true);
      if (areRead.every(Boolean)) return;
    }
    // They arrive faster than they can be read.
    this.#pause();
  }

  close(): void {
    this.#flows?.close();
    this.#flows = undefined;
    this.#ports?.close();
    this.#ports = undefined;
  }

  #follow(groups: readonly number[], lost: () => void, periodMs: number): NetlinkSubscription {
    const reader = { notified: (message: NetlinkMessage) => this.#notified(message), lost };
    return new NetlinkSubscription(PROTOCOL.generic, groups, reader, this.#open(), periodMs);
  }

  /** Leaves the group: what it reports until everything is read again is of no use. */
  #pause(): void {
    this.changes.lose();
    this.made.clear();
    if (this.#flows === undefined) return;
    this.#flows.close();
    this.#flows = undefined;
    this.#isPaused = true;
    this.#listener.flowMade();
  }

  #notified({ type, payload }: NetlinkMessage): void {
    if (dpIfindexOf(payload) !== this.#dpIfindex) return;
    if (type === this.#families.flow.id) return this.#flowChanged(payload);
    if (type === this.#families.vport.id) {
      this.#portsChanged = true;
    } else if (type === this.#families.datapath.id && payload[0] === COMMAND.delete) {
      this.#gone = true;
    }
  }

  #flowChanged(payload: Buffer): void {
    const record = this.#record;
    // A flow without a ufid is skipped when it is read, too.
    if (!record.read(payload, 0, payload.length)) return this.#pause();
    if (!record.hasUfid) return;
    const [command] = payload;
    this.changes.add(record, command === COMMAND.delete ? ChangeKind.deleted : ChangeKind.put);
    if (!this.changes.isComplete) return this.#pause();
    // ovs-vswitchd changes the actions of a flow after a change of rules.
    if (command === COMMAND.set) this.#listener.actionsChanged();
    else if (command === COMMAND.new) {
      this.made.add(record, performance.now());
      this.#listener.flowMade();
    }
  }
}

function groupOf({ groups }: GenericFamily, name: string): number {
  const id = groups.get(name);
  if (id === undefined) throw new NetlinkUnusable(`search for the multicast group ${name}`, ENOENT);
  return id;
}

const ENOENT = 2;
