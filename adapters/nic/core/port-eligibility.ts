import type { PortInfo } from '../../../engine/model/port.ts';
import type { HostHooks } from './hook.ts';
import type { ServedPort } from './served-port.ts';

/** Decides which ports can be served. */
export class PortEligibility {
  readonly #only: ReadonlySet<string> | undefined;
  readonly #hook: Pick<HostHooks, 'choice' | 'otherHooks' | 'refusal'>;

  /** @param only names of the ports to serve; undefined: every port with a device */
  constructor(
    only: readonly string[] | undefined,
    hook: Pick<HostHooks, 'choice' | 'otherHooks' | 'refusal'>,
  ) {
    this.#only = only === undefined ? undefined : new Set(only);
    this.#hook = hook;
  }

  /** Why a port is not served, as of the last reading of its device's hooks. */
  refusal(port: PortInfo): string | undefined {
    return this.exclusion(port) ?? this.#hook.refusal(port) ?? this.#hook.otherHooks.on(port);
  }

  /** True if another hook is to serve the port than the one that does. */
  isAtOtherHook(port: PortInfo, served: ServedPort): boolean {
    return this.#hook.choice(port).hook !== served.input.hook;
  }

  /** Why a port is not meant to be served. */
  exclusion(port: PortInfo): string | undefined {
    return exclusionOf(port, this.#only);
  }
}

/**
 * Why a port is not meant to be served.
 *
 * @param only names of the ports to serve; undefined: every port with a device
 */
export function exclusionOf(
  { name, kind, ifindex }: PortInfo,
  only: ReadonlySet<string> | undefined,
): string | undefined {
  if (only !== undefined && !only.has(name)) return 'it is not among the configured ports';
  // A program on the vSwitch's own device would receive packets of the opposite direction.
  if (kind === 'internal') return 'it is internal to the vSwitch';
  return ifindex === 0 ? 'it has no kernel device' : undefined;
}
