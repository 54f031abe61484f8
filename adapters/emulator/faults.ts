import type { Refusal } from '../../engine/model/refusal.ts';

/** Calls that can be made to fail. */
export type FaultSite =
  | 'flows.read'
  | 'flows.trace'
  | 'host.read'
  | 'ports.start'
  | 'backend.start'
  | 'backend.apply'
  | 'backend.entries'
  | 'backend.counters'
  | 'backend.renewLease';

/** An injected fault. */
export type Fault =
  /** The call rejects with an {@link InjectedFault}. */
  | { readonly kind: 'fail'; readonly message: string }
  /** The call hangs until its time-out or its signal ends it. */
  | { readonly kind: 'hang' }
  /** `backend.apply` only: every put is refused; with `deletes`, every delete, too. */
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly deletes?: boolean }
  /** `flows.read` only: every second flow is unreadable. */
  | { readonly kind: 'garble' }
  /** `flows.read` only: the reply ends half-way and the call rejects. */
  | { readonly kind: 'truncate' };

/** The error of an injected failure. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/** An injected hang lasted until the time-out. */
export class EmulatorTimeout extends Error {
  override readonly name = 'EmulatorTimeout';
}

/** Faults to inject into future calls. */
export class Faults {
  readonly #timeoutMs: number;
  readonly #set = new Map<FaultSite, { readonly fault: Fault; times: number }>();

  /** `timeoutMs`: when a hanging call gives up, ms of real time. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Injects `fault` into the next `times` calls at `site`; replaces an earlier fault there. */
  set(site: FaultSite, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#set.set(site, { fault, times });
  }

  /** Removes the fault of one site, or of all. */
  clear(site?: FaultSite): void {
    if (site === undefined) this.#set.clear();
    else this.#set.delete(site);
  }

  /** Checks a call at `site`: rejects, hangs, or resolves to a fault that the caller simulates. */
  async pass(site: FaultSite, signal?: AbortSignal): Promise<Fault | undefined> {
    signal?.throwIfAborted();
    const planned = this.#set.get(site);
    if (planned === undefined) return undefined;
    if (--planned.times <= 0) this.#set.delete(site);
    const { fault } = planned;
    if (fault.kind === 'fail') throw new InjectedFault(`${site}: ${fault.message}`);
    if (fault.kind === 'hang') await this.#hang(site, signal);
    return fault;
  }

  #hang(site: FaultSite, signal: AbortSignal | undefined): Promise<never> {
    return new Promise((_, reject) => {
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        reject(new EmulatorTimeout(`${site}: no answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}
