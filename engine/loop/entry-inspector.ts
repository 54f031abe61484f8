import type { FlowTable } from '../model/flow-table.ts';
import type { Clock } from '../ports/clock.ts';
import type { FlowLookup } from '../ports/flow-lookup.ts';
import type { FlowVerifier } from '../ports/flow-verifier.ts';
import type { BackendSet } from './backend-set.ts';
import { EntryCheck, type EntryCheckReport } from './entry-check.ts';
import { type Sample, type SampleCounts, Sampler } from './sampler.ts';

/** Inputs of an {@link EntryInspector}. */
export interface EntryInspectorOptions {
  readonly backends: BackendSet;
  readonly clock: Clock;
  /** Left out: no samples are taken. */
  readonly verifier?: FlowVerifier | undefined;
  /** Left out: entries are compared with complete readings only. */
  readonly lookup?: FlowLookup | undefined;
}

const NOTHING_CHECKED: EntryCheckReport = { compared: 0, outdated: 0, complete: false };

/** Compares installed entries with the vSwitch between readings, and removes those that differ. */
export class EntryInspector {
  readonly #backends: BackendSet;
  readonly #clock: Clock;
  readonly #sampler: Sampler | undefined;
  readonly #entryCheck: EntryCheck | undefined;
  readonly #isPartial: boolean;

  constructor({ backends, clock, verifier, lookup }: EntryInspectorOptions) {
    this.#backends = backends;
    this.#clock = clock;
    this.#sampler = verifier === undefined ? undefined : new Sampler({ verifier, clock });
    this.#entryCheck = lookup === undefined ? undefined : new EntryCheck(lookup);
    this.#isPartial = lookup?.isPartial ?? false;
  }

  /** Samples by result, updated in place; undefined: none are taken. */
  get samples(): SampleCounts | undefined {
    return this.#sampler?.counts;
  }

  /** See `Engine.sample`. */
  async sample(table: FlowTable, signal: AbortSignal): Promise<Sample | undefined> {
    const sampler = this.#sampler;
    const sample = await sampler?.sample(table, signal);
    if (sampler === undefined || sample?.result !== 'different') return sample;
    await this.#backends.inTurn(async () => {
      // A tick may have changed it while this call waited.
      if (!sampler.isCurrent(table, sample)) return;
      const { row, detail } = sample;
      await this.#backends.requireEach('removing a wrong entry', async (controller) => {
        if (table.decision.placement[row] !== controller.reconciler.placement) return;
        await controller.removeMismatch(table, row, detail, signal);
      });
    });
    return sample;
  }

  /** See `Engine.checkEntries`. */
  async checkEntries(table: FlowTable, signal: AbortSignal): Promise<EntryCheckReport | undefined> {
    const check = this.#entryCheck;
    if (check === undefined) return undefined;
    const askedAtMs = this.#clock.now();
    if (!this.#backends.hasMarkedRemoved(table)) return NOTHING_CHECKED;
    check.begin(table);
    try {
      await check.compareAll(signal);
    } finally {
      if (!signal.aborted) {
        await this.#backends.inTurn(() => this.#removeOutdated(check, table, signal));
      }
    }
    if (this.#isPartial) return { ...check.counts, complete: false };
    return this.#backends.inTurn(() => this.#verify(check, table, askedAtMs));
  }

  async #removeOutdated(check: EntryCheck, table: FlowTable, signal: AbortSignal): Promise<void> {
    await this.#backends.requireEach('removing outdated entries', async (controller) => {
      const rows = check.outdated(controller.reconciler.placement);
      if (rows.length > 0) await controller.removeOutdated(table, rows, signal);
    });
  }

  /** Counts backends as verified as long as each entry was compared and none differs. */
  #verify(check: EntryCheck, table: FlowTable, askedAtMs: number): EntryCheckReport {
    let complete = this.#backends.hasMarkedRemoved(table);
    for (const controller of this.#backends.up) {
      if (!complete) break;
      complete = check.coversAll(controller.reconciler.placement);
      if (complete) controller.recordEntryCheck(askedAtMs);
    }
    return { ...check.counts, complete };
  }
}
