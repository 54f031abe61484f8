import type { PortInfo } from '../../../engine/model/port.ts';

/**
 * Ports that Open vSwitch polices. It does so with a qdisc `ingress`, which it cannot add while the
 * device has `clsact`: it logs `File exists`, limits nothing, and tries again when a device changes.
 */
export class PolicedPorts {
  readonly #ifindexes = new Set<number>();

  /** Records whether a port is policed, and returns it. */
  follow({ ifindex, policed }: Pick<PortInfo, 'ifindex' | 'policed'>): boolean {
    if (policed) this.#ifindexes.add(ifindex);
    else this.#ifindexes.delete(ifindex);
    return policed;
  }

  /** Whether a device was policed as last recorded. */
  has(ifindex: number): boolean {
    return this.#ifindexes.has(ifindex);
  }
}
