import type { PortInfo, PortSnapshot } from '../../engine/model/port.ts';

/** Maximum number of ports; flows of further ports enter by the overflow port. */
const MAX_PORTS = 4096;
const OVERFLOW_PORT = 'other';
/** Output port of all flows: CSV files and captures do not name one. */
export const OUT_PORT = 'out';

/** Port directory of a trace that has only names of ports and, possibly, slices. */
export class TracePorts {
  #ports = new Map<string, PortInfo>([[OUT_PORT, portOf(OUT_PORT, undefined)]]);

  /** A new object after a port was added. */
  get snapshot(): PortSnapshot {
    return this.#ports;
  }

  /** Adds the port if it is new; returns its name, or that of the overflow port. */
  ensure(name: string, slice?: string): string {
    const known = this.#ports.has(name);
    const use = known || this.#ports.size < MAX_PORTS ? name : OVERFLOW_PORT;
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
