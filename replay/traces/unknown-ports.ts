import type { PortInfo, PortSnapshot } from '../../engine/model/port.ts';

/** Ports that a trace may name; flows of others come in by the one for the rest. */
const MAX_PORTS = 4096;
const REST = 'other';
/** Where every flow of a trace that names no ports goes out. */
export const OUT_PORT = 'out';

/** The ports of a trace that says little of them: a name, at most a slice. */
export class UnknownPorts {
  #ports = new Map<string, PortInfo>([[OUT_PORT, portOf(OUT_PORT, undefined)]]);

  /** A new object whenever a port has been added. */
  get snapshot(): PortSnapshot {
    return this.#ports;
  }

  /** Name of the port that stands for `name`; it is made when it is new. */
  named(name: string, slice?: string): string {
    const known = this.#ports.has(name);
    const use = known || this.#ports.size < MAX_PORTS ? name : REST;
    if (!this.#ports.has(use)) {
      this.#ports = new Map(this.#ports).set(use, portOf(use, use === name ? slice : undefined));
    }
    return use;
  }
}

function portOf(name: string, slice: string | undefined): PortInfo {
  return {
    name,
    uuid: name,
    ifindex: 0,
    bridge: '',
    kind: slice === undefined ? 'other' : 'vm',
    mac: undefined,
    vm: undefined,
    slice,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}
