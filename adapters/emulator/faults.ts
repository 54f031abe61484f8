import type { Refusal } from '../../engine/model/refusal.ts';

/** Calls in which a fault can strike. */
export type FaultSite =
  | 'flows.read'
  | 'host.read'
  | 'ports.start'
  | 'backend.start'
  | 'backend.apply'
  | 'backend.entries'
  | 'backend.counters'
  | 'backend.renewLease';

/** What goes wrong. */
export type Fault =
  /** The call rejects with an {@link InjectedFault}. */
  | { readonly kind: 'fail'; readonly message: string }
  /** The call gives no answer until its time-out or its signal ends it. */
  | { readonly kind: 'hang' }
  /** `backend.apply` only: every put is refused; every delete, too, when it says so. */
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly deletes?: boolean }
  /** `flows.read` only: every second flow cannot be understood. */
  | { readonly kind: 'garble' }
  /** `flows.read` only: the answer breaks off half-way and the call rejects. */
  | { readonly kind: 'truncate' };

/** The error of a call that was made to fail. */
export class InjectedFault extends Error {
  override readonly name = 'InjectedFault';
}

/** The error of a call that got no answer in time. */
export class EmulatorTimeout extends Error {
  override readonly name = 'EmulatorTimeout';
}

/** Faults set for the calls to come. */
export class Faults {
  readonly #timeoutMs: number;
  readonly #set = new Map<FaultSite, { readonly fault: Fault; times: number }>();

  /** `timeoutMs`: when a hanging call gives up, ms of real time. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Lets the next `times` calls at `site` meet `fault`; replaces what was set there. */
  set(site: FaultSite, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#set.set(site, { fault, times });
  }

  /** Takes back what was set, at one site or at all. */
  clear(site?: FaultSite): void {
    if (site === undefined) this.#set.clear();
    else this.#set.delete(site);
  }

  /** Passes a call at `site`: rejects, hangs, or resolves to the fault that it is to act out. */
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
