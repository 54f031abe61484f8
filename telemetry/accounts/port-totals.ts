import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import { SideTable } from '../../engine/model/side-table.ts';
import { Ledger } from './ledger.ts';
import { Slots } from './slots.ts';
import { OTHER, type PortAccount } from './tick-accounts.ts';

/** In place of a slot: the flow goes out of several ports, see {@link PortTotals}. */
const SEVERAL = 0xffff;

/**
 * Traffic by port and direction. Which ports a row's flow uses is found once and kept until the
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
  /** Slots of the ports that a row's flow comes in by and goes out of, once they are found. */
  readonly #in = this.#side.uint16();
  readonly #out = this.#side.uint16();
  readonly #several = this.#side.sparse<readonly number[]>();
  readonly #found = this.#side.uint8();

  /** `most`: ports that are kept apart. */
  constructor(most: number) {
    this.#slots = new Slots(most);
    this.#rx = new Ledger(this.#slots.capacity);
    this.#tx = new Ledger(this.#slots.capacity);
  }

  /** Follows the ports and the rows of a tick. */
  begin(table: FlowTable, ports: PortSnapshot): void {
    if (ports !== this.#ports) this.#follow(ports);
    this.#side.follow(table);
  }

  /** Adds what a path carried of a row's flow. */
  add(table: FlowTable, row: number, path: number, bytes: number, packets: number): void {
    if (this.#found.values[row] === 0) this.#find(table, row);
    const into = this.#in.values[row];
    const out = this.#out.values[row];
    if (into !== Slots.NONE) this.#rx.add(into, path, bytes, packets);
    if (out === SEVERAL) {
      for (const slot of this.#several.values.get(row) ?? [])
        this.#tx.add(slot, path, bytes, packets);
    } else if (out !== Slots.NONE) {
      this.#tx.add(out, path, bytes, packets);
    }
  }

  settle(seconds: number): void {
    this.#rx.settle(this.#slots.highWater, seconds);
    this.#tx.settle(this.#slots.highWater, seconds);
  }

  /** The ports, in the directory's order. */
  get accounts(): readonly PortAccount[] {
    return this.#accounts;
  }

  #find(table: FlowTable, row: number): void {
    const several = this.#several.values;
    const out = this.#out.values;
    this.#found.values[row] = 1;
    this.#in.values[row] = this.#slotByName.get(table.matchAt(row).inPort) ?? Slots.NONE;
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

  #follow(ports: PortSnapshot): void {
    this.#ports = ports;
    const identity = [...ports.values()].map((p) => `${p.name}=${p.uuid}`).join(' ');
    if (identity !== this.#identity) this.#assign(ports);
    this.#identity = identity;
    const accounts: PortAccount[] = [];
    for (const { name, kind, vm, slice, linkBitsPerSecond } of ports.values()) {
      const slot = this.#slotByName.get(name) ?? Slots.OTHER;
      if (slot === Slots.OTHER) continue;
      const [rx, tx] = [this.#rx.of(slot), this.#tx.of(slot)];
      accounts.push({ name, kind, vm, slice, linkBitsPerSecond, rx, tx });
    }
    if (accounts.length < ports.size) accounts.push(this.#others());
    this.#accounts = accounts;
  }

  /** Ports have come or gone: a name may stand for another one now. */
  #assign(ports: PortSnapshot): void {
    this.#slots.keep(new Set([...ports.values()].map((p) => p.uuid)), (slot) => {
      this.#rx.clear(slot);
      this.#tx.clear(slot);
    });
    this.#slotByName.clear();
    for (const { name, uuid } of ports.values()) {
      this.#slotByName.set(name, name === OTHER ? Slots.OTHER : this.#slots.of(uuid));
    }
    this.#side.clear();
  }

  #others(): PortAccount {
    const [rx, tx] = [this.#rx.of(Slots.OTHER), this.#tx.of(Slots.OTHER)];
    const unknown = { vm: undefined, slice: undefined, linkBitsPerSecond: undefined };
    return { name: OTHER, kind: 'other', ...unknown, rx, tx };
  }
}
