import type { PortInfo, PortSnapshot } from '../../engine/model/port.ts';
import { mix32 } from './random.ts';

/** A port of the emulated node that exists now or did once, with its device's counters. */
export interface NodePort {
  info: PortInfo;
  present: boolean;
  /** Times it has been made; part of its uuid. */
  generation: number;
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  /** Of the packets sent, those that the NIC sent without the vSwitch. */
  nicTxPackets: number;
}

/** Thrown when a port that the node does not have is named. */
export class UnknownPort extends Error {
  override readonly name = 'UnknownPort';
}

/**
 * The ports of the node. A port keeps its number (its place in `all`) for ever; taken out and
 * put back it gets a new uuid and, as kernels do, its old ifindex.
 */
export class NodePorts {
  readonly all: NodePort[] = [];
  readonly #listeners = new Set<(ports: PortSnapshot) => void>();
  readonly #numbers = new Map<string, number>();
  #snapshot: PortSnapshot = new Map();

  /** Adds a port and returns its number. */
  add(info: Omit<PortInfo, 'uuid' | 'ifindex'> & { readonly ifindex?: number }): number {
    const number = this.all.length;
    this.all.push({
      info: { ...info, uuid: uuidOf(number, 1), ifindex: info.ifindex ?? number + 2 },
      present: true,
      generation: 1,
      rxPackets: 0,
      rxBytes: 0,
      txPackets: 0,
      txBytes: 0,
      nicTxPackets: 0,
    });
    this.#changed();
    return number;
  }

  /** Number of the port that has this name now; -1 when there is none. */
  numberOf(name: string): number {
    return this.#numbers.get(name) ?? -1;
  }

  /** Number of the port that has this ifindex now; -1 when there is none. */
  numberOfIfindex(ifindex: number): number {
    return this.all.findIndex((p) => p.present && p.info.ifindex === ifindex);
  }

  /** Takes a port out. Returns its number. */
  remove(name: string): number {
    const number = this.numberOf(name);
    if (number < 0) throw new UnknownPort(`the node has no port ${name} to take out`);
    this.all[number].present = false;
    this.#changed();
    return number;
  }

  /** Makes a port again that was taken out: same name, same ifindex, new uuid, new counters. */
  remake(name: string): number {
    const number = this.all.findIndex((p) => !p.present && p.info.name === name);
    if (number < 0) throw new UnknownPort(`the node has had no port ${name} taken out`);
    const port = this.all[number];
    port.generation++;
    port.info = { ...port.info, uuid: uuidOf(number, port.generation) };
    port.present = true;
    port.rxPackets = port.rxBytes = port.txPackets = port.txBytes = port.nicTxPackets = 0;
    this.#changed();
    return number;
  }

  snapshot(): PortSnapshot {
    return this.#snapshot;
  }

  /** Calls `listener` after every change; the returned function ends it. */
  onChange(listener: (ports: PortSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #changed(): void {
    const present = this.all.filter((p) => p.present);
    this.#snapshot = new Map(present.map((p) => [p.info.name, p.info] as const));
    this.#numbers.clear();
    for (const [number, port] of this.all.entries()) {
      if (port.present) this.#numbers.set(port.info.name, number);
    }
    for (const listener of this.#listeners) listener(this.#snapshot);
  }
}

function uuidOf(number: number, generation: number): string {
  const hex = [1, 2, 3, 4]
    .map((i) => mix32(number * 8191 + generation * 131 + i))
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
}
