import type { PortInfo, PortSnapshot } from '../../engine/model/port.ts';
import { mix32 } from './random.ts';

/** A present or removed port of the emulated node, with its device's counters. */
export interface NodePort {
  info: PortInfo;
  present: boolean;
  /** How often it was created; part of its uuid. */
  generation: number;
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  /** Those sent packets that bypassed the vSwitch. */
  nicTxPackets: number;
}

/** The node has no such port. */
export class UnknownPort extends Error {
  override readonly name = 'UnknownPort';
}

/**
 * The ports of the node. A port keeps its number (its index in `all`). When it is recreated it gets
 * a new uuid and its old ifindex, since kernels reuse an ifindex.
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

  /** Number of the present port with this name, or -1. */
  numberOf(name: string): number {
    return this.#numbers.get(name) ?? -1;
  }

  /** Number of the present port with this ifindex, or -1. */
  numberOfIfindex(ifindex: number): number {
    return this.all.findIndex((p) => p.present && p.info.ifindex === ifindex);
  }

  /** Removes a port and returns its number. */
  remove(name: string): number {
    const number = this.numberOf(name);
    if (number < 0) throw new UnknownPort(`the node has no port ${name} to remove`);
    this.all[number].present = false;
    this.#changed();
    return number;
  }

  /** Recreates a removed port: same name, same ifindex, new uuid, new counters. */
  recreate(name: string): number {
    const number = this.all.findIndex((p) => !p.present && p.info.name === name);
    if (number < 0) throw new UnknownPort(`the node has no removed port ${name} to recreate`);
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

  /** Calls `listener` after every change; the returned function unsubscribes it. */
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
