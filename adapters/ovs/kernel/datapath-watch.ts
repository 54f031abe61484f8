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

/** Turns of reading notifications before a reading continues without the rest. */
const MAX_DRAINS = 64;

/** Follows the notifications of one datapath: flows, ports, the datapath itself. */
export class DatapathWatch {
  readonly changes = new FlowChanges();
  readonly #families: OvsFamilies;
  readonly #dpIfindex: number;
  readonly #onChanged: () => void;
  readonly #record = new FlowRecord();
  readonly #subscriptions: NetlinkSubscription[] = [];
  #portsChanged = true;
  #gone = false;

  /**
   * @param open opens a socket of generic netlink
   * @param onChanged called when the actions of a flow changed
   * @throws {NetlinkUnusable}
   */
  constructor(
    families: OvsFamilies,
    dpIfindex: number,
    open: () => NotificationSocket,
    onChanged: () => void,
  ) {
    this.#families = families;
    this.#dpIfindex = dpIfindex;
    this.#onChanged = onChanged;
    const flows = [groupOf(families.flow, 'ovs_flow')];
    const ports = [
      groupOf(families.vport, 'ovs_vport'),
      groupOf(families.datapath, 'ovs_datapath'),
    ];
    try {
      this.#follow(flows, open(), () => this.changes.lose());
      // Sockets of their own: a flood of new flows must not leave the ports unknown.
      this.#follow(ports, open(), () => {
        this.#portsChanged = true;
      });
    } catch (error) {
      this.close();
      throw error;
    }
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

  /** Reads the notifications of all changes up to now. */
  catchUp(): void {
    for (let i = 0; i < MAX_DRAINS; i++) {
      // All are drained, also after one that has more to read.
      if (this.#subscriptions.map((one) => one.drain()).every(Boolean)) return;
    }
    // They arrive faster than they can be read.
    this.changes.lose();
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #follow(groups: readonly number[], socket: NotificationSocket, lost: () => void): void {
    const reader = { notified: (message: NetlinkMessage) => this.#notified(message), lost };
    this.#subscriptions.push(new NetlinkSubscription(PROTOCOL.generic, groups, reader, socket));
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
    if (!record.read(payload, 0, payload.length)) return this.changes.lose();
    if (!record.hasUfid) return;
    const isDeleted = payload[0] === COMMAND.delete;
    this.changes.add(record, isDeleted ? ChangeKind.deleted : ChangeKind.put);
    // ovs-vswitchd changes the actions of a flow after a change of rules.
    if (payload[0] === COMMAND.set) this.#onChanged();
  }
}

function groupOf({ groups }: GenericFamily, name: string): number {
  const id = groups.get(name);
  if (id === undefined) throw new NetlinkUnusable(`search for the multicast group ${name}`, ENOENT);
  return id;
}

const ENOENT = 2;
