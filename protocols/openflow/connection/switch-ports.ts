import { PortReason } from '../codec/ids.ts';
import type { PortDescription, PortStatus } from '../codec/port.ts';

/** A port of the switch, with the fields that are used. */
export interface SwitchPort {
  readonly portNo: number;
  readonly name: string;
  /** Administratively up, with link. */
  readonly up: boolean;
}

/** OFPPC_PORT_DOWN and OFPPS_LINK_DOWN, the same bit in both versions. */
const DOWN = 1;

/** The ports of the switch, kept up to date by its port-status messages. */
export class SwitchPorts {
  readonly #byNumber = new Map<number, SwitchPort>();

  constructor(ports: readonly PortDescription[]) {
    for (const port of ports) this.#set(port);
  }

  /** A port by its name or number, or undefined. */
  find(nameOrNumber: string | number): SwitchPort | undefined {
    if (typeof nameOrNumber === 'number') return this.#byNumber.get(nameOrNumber);
    for (const port of this.#byNumber.values()) if (port.name === nameOrNumber) return port;
    return undefined;
  }

  /** Names of all ports, for messages. */
  names(): readonly string[] {
    return [...this.#byNumber.values()].map((port) => port.name);
  }

  /** Applies a change. */
  follow({ reason, port }: PortStatus): void {
    if (reason === PortReason.delete) this.#byNumber.delete(port.portNo);
    else this.#set(port);
  }

  #set({ portNo, name, config, state }: PortDescription): void {
    this.#byNumber.set(portNo, { portNo, name, up: ((config | state) & DOWN) === 0 });
  }
}
