import type { PortInfo } from '../../../engine/model/port.ts';
import type { Hook } from './hook.ts';

/** Decides which ports can be served. */
export class PortEligibility {
  readonly #only: ReadonlySet<string> | undefined;
  readonly #hook: Pick<Hook, 'otherHooks' | 'refusal'>;

  /** @param only names of the ports to serve; undefined: every port with a device */
  constructor(only: readonly string[] | undefined, hook: Pick<Hook, 'otherHooks' | 'refusal'>) {
    this.#only = only === undefined ? undefined : new Set(only);
    this.#hook = hook;
  }

  /** Why a port is not served, as of the last reading of its device's hooks. */
  refusal(port: PortInfo): string | undefined {
    return this.exclusion(port) ?? this.#hook.refusal(port) ?? this.#hook.otherHooks.on(port);
  }

  /** Why a port is not meant to be served. */
  exclusion(port: PortInfo): string | undefined {
    if (this.#only !== undefined && !this.#only.has(port.name)) {
      return 'it is not among the configured ports';
    }
    // A program on the vSwitch's own device would receive packets of the opposite direction.
    if (port.kind === 'internal') return 'it is internal to the vSwitch';
    return port.ifindex === 0 ? 'it has no kernel device' : undefined;
  }
}
