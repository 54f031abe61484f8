import { ManualClock } from '../../support/manual-clock.ts';

/** Lease of the model's backend, and bound of the time without sight of the vSwitch, ms. */
export const LEASE_MS = 1_000;
/** The flows; flow n comes in by port `vm<n>`. */
export const FLOWS = [1, 2, 3] as const;
/** What the vSwitch does with a flow: a version of its actions, or nothing because it is gone. */
export type Version = number | undefined;

/** A reading of the vSwitch's flows, from the request to the snapshot. */
interface Dump {
  readonly askedAtMs: number;
  readonly flows: ReadonlyMap<number, Version>;
}

/** An entry of the device. */
export interface Entry {
  readonly flow: number;
  readonly version: number;
}

/**
 * The truth, and what must hold: what the vSwitch does and did, which ports are limited, what the
 * operator was promised, and which dumps the daemon can know of.
 */
export class Spec {
  readonly clock = new ManualClock(10_000);
  readonly #history = new Map<number, { readonly version: Version; readonly atMs: number }[]>();
  readonly #dumps: Dump[] = [];
  readonly #limitedSinceMs = new Map<number, number>();
  #lapsedAtMs = Number.NEGATIVE_INFINITY;
  /** True from the answer of `onload-all` to the request of `resume`. */
  heldForSure = false;

  constructor() {
    for (const flow of FLOWS) this.change(flow, 1);
  }

  truth(flow: number): Version {
    return this.#history.get(flow)?.at(-1)?.version;
  }

  change(flow: number, version: Version): void {
    const changes = this.#history.get(flow) ?? [];
    changes.push({ version, atMs: this.clock.now() });
    this.#history.set(flow, changes);
  }

  /** The vSwitch builds its reply to a request of `askedAtMs`. */
  dump(askedAtMs: number): Dump['flows'] {
    const flows = new Map(FLOWS.map((flow) => [flow, this.truth(flow)]));
    this.#dumps.push({ askedAtMs, flows });
    return flows;
  }

  /** The vSwitch answers what it does with one flow now. */
  lookUp(flow: number): Version {
    const version = this.truth(flow);
    this.#dumps.push({ askedAtMs: this.clock.now(), flows: new Map([[flow, version]]) });
    return version;
  }

  isLimited(flow: number): boolean {
    return this.#limitedSinceMs.has(flow);
  }

  /** Limits a port (QoS, policing), which does not show in its flows, or ends the limit. */
  limit(flow: number, limited: boolean): void {
    if (!limited) this.#limitedSinceMs.delete(flow);
    else if (!this.isLimited(flow)) this.#limitedSinceMs.set(flow, this.clock.now());
  }

  /** The device's lease has ended at `atMs`. */
  lapsed(atMs: number): void {
    this.#lapsedAtMs = Math.max(this.#lapsedAtMs, atMs);
  }

  /** Why packets must not follow these entries now; undefined if they may. */
  violation(carrying: readonly Entry[]): string | undefined {
    const nowMs = this.clock.now();
    if (this.heldForSure && carrying.length > 0) return 'an entry is followed in a hold';
    for (const { flow, version } of carrying) {
      const changedMs = this.#differsSinceMs(flow, version);
      if (nowMs - changedMs >= LEASE_MS) {
        return `flow ${flow} follows its entry ${nowMs - changedMs} ms after its actions changed`;
      }
      const limitedMs = this.#limitedSinceMs.get(flow) ?? Number.POSITIVE_INFINITY;
      if (nowMs - limitedMs >= LEASE_MS) {
        return `flow ${flow} passes the limit of its port ${nowMs - limitedMs} ms after it was set`;
      }
      if (!this.#verifiedSinceLapse(flow, version)) {
        return `flow ${flow} follows an entry not verified since the lapse`;
      }
    }
    return undefined;
  }

  #verifiedSinceLapse(flow: number, version: number): boolean {
    return this.#dumps.some(
      (dump) => dump.askedAtMs >= this.#lapsedAtMs && dump.flows.get(flow) === version,
    );
  }

  /** Since when the vSwitch does something else; Infinity: it does the same. */
  #differsSinceMs(flow: number, version: number): number {
    const changes = this.#history.get(flow) ?? [];
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const change of changes.toReversed()) {
      if (change.version === version) return sinceMs;
      sinceMs = change.atMs;
    }
    return Number.NEGATIVE_INFINITY;
  }
}
