import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import { SideTable } from '../../engine/model/side-table.ts';
import { Ledger } from './ledger.ts';
import { Slots } from './slots.ts';
import { OTHER, type PortAccount } from './tick-accounts.ts';

/** In place of a slot: the flow leaves by several ports, listed in `#outSlots`. */
const SEVERAL = 0xffff;

/**
 * Traffic by port and direction. The ports of a row's flow are looked up once and kept until the
 * flow's actions or the ports change.
 */
export class PortTotals {
  readonly #slots: Slots;
  readonly #rx: Ledger;
  readonly #tx: Ledger;
  #ports: PortSnapshot | undefined;
  #identity = '';
  readonly #slotByName = new Map<string, number>();
  #accounts: readonly PortAccount[] = [];
  readonly #side = new SideTable('version');
  /** Slots of the ports by which a row's flow enters and leaves, valid where `#resolved` is 1. */
  readonly #inSlot = this.#side.uint16();
  readonly #outSlot = this.#side.uint16();
  readonly #outSlots = this.#side.sparse<readonly number[]>();
  readonly #resolved = this.#side.uint8();

  /** `maxNamed`: ports with an account each. */
  constructor(maxNamed: number) {
    this.#slots = new Slots(maxNamed);
    this.#rx = new Ledger(this.#slots.capacity);
    this.#tx = new Ledger(this.#slots.capacity);
  }

  /** Starts a tick: takes over its ports and rows. */
  followPorts(table: FlowTable, ports: PortSnapshot): void {
    if (ports !== this.#ports) this.#replacePorts(ports);
    this.#side.follow(table);
  }

  /** Adds traffic of a row's flow on a path to the flow's ports. */
  addFlowTraffic(
    table: FlowTable,
    row: number,
    path: number,
    bytes: number,
    packets: number,
  ): void {
    if (this.#resolved.values[row] === 0) this.#resolvePorts(table, row);
    const into = this.#inSlot.values[row];
    const out = this.#outSlot.values[row];
    if (into !== Slots.NONE) this.#rx.addTraffic(into, path, bytes, packets);
    if (out === SEVERAL) {
      for (const slot of this.#outSlots.values.get(row) ?? [])
        this.#tx.addTraffic(slot, path, bytes, packets);
    } else if (out !== Slots.NONE) {
      this.#tx.addTraffic(out, path, bytes, packets);
    }
  }

  publishTraffic(seconds: number): void {
    this.#rx.publish(this.#slots.highWater, seconds);
    this.#tx.publish(this.#slots.highWater, seconds);
  }

  /** The ports, in the directory's order. */
  get accounts(): readonly PortAccount[] {
    return this.#accounts;
  }

  #resolvePorts(table: FlowTable, row: number): void {
    const several = this.#outSlots.values;
    const out = this.#outSlot.values;
    this.#resolved.values[row] = 1;
    this.#inSlot.values[row] = this.#slotByName.get(table.matchAt(row).inPort) ?? Slots.NONE;
    out[row] = Slots.NONE;
    for (const action of table.actionsAt(row)) {
      if (action.kind !== 'output') continue;
      const slot = this.#slotByName.get(action.port) ?? Slots.NONE;
      if (slot === Slots.NONE) continue;
      if (out[row] === Slots.NONE) {
        out[row] = slot;
      } else {
        several.set(row, [...(several.get(row) ?? [out[row]]), slot]);
        out[row] = SEVERAL;
      }
    }
  }

  #replacePorts(ports: PortSnapshot): void {
    this.#ports = ports;
    const identity = [...ports.values()].map((p) => `${p.name}=${p.uuid}`).join(' ');
    if (identity !== this.#identity) this.#assignSlots(ports);
    this.#identity = identity;
    const accounts: PortAccount[] = [];
    for (const { name, kind, vm, slice, linkBitsPerSecond } of ports.values()) {
      const slot = this.#slotByName.get(name) ?? Slots.OTHER;
      if (slot === Slots.OTHER) continue;
      const [rx, tx] = [this.#rx.usesOf(slot), this.#tx.usesOf(slot)];
      accounts.push({ name, kind, vm, slice, linkBitsPerSecond, rx, tx });
    }
    if (accounts.length < ports.size) accounts.push(this.#others());
    this.#accounts = accounts;
  }

  /** Assigns slots after ports came or went: a name may belong to another port now. */
  #assignSlots(ports: PortSnapshot): void {
    this.#slots.retain(new Set([...ports.values()].map((p) => p.uuid)), (slot) => {
      this.#rx.resetSlot(slot);
      this.#tx.resetSlot(slot);
    });
    this.#slotByName.clear();
    for (const { name, uuid } of ports.values()) {
      this.#slotByName.set(name, name === OTHER ? Slots.OTHER : this.#slots.slotFor(uuid));
    }
    this.#side.clear();
  }

  #others(): PortAccount {
    const [rx, tx] = [this.#rx.usesOf(Slots.OTHER), this.#tx.usesOf(Slots.OTHER)];
    const unknown = { vm: undefined, slice: undefined, linkBitsPerSecond: undefined };
    return { name: OTHER, kind: 'other', ...unknown, rx, tx };
  }
}
