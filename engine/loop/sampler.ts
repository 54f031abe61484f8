import { actionsText } from '../model/action-text.ts';
import type { FlowActions } from '../model/action.ts';
import { type FlowId, formatFlowId } from '../model/flow-id.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { Placement } from '../model/flow.ts';
import { sameActions } from '../model/same-actions.ts';
import type { Clock } from '../ports/clock.ts';
import type { FlowVerifier } from '../ports/flow-verifier.ts';
import { errorMessage } from '../../text/error-message.ts';

/**
 * Time after which a difference is looked at again, ms. The vSwitch may be revalidating the flow:
 * its datapath flow then gets the other actions, too, and the next tick removes the entry.
 */
const CONFIRM_MS = 2000;
/** Maximum number of differences that wait for a second look; further ones are not remembered. */
const MAX_SUSPECTS = 64;

/** Results of a sample. */
export const SAMPLE_RESULTS = [
  /** The entry does what the vSwitch would do. */
  'same',
  /** It does something else; a second look follows. */
  'suspected',
  /** It still does something else; it is removed. */
  'different',
  /** The vSwitch could not tell, or the flow or its entry changed meanwhile. */
  'not-comparable',
  /** The vSwitch did not answer. */
  'failed',
] as const;
export type SampleResult = (typeof SAMPLE_RESULTS)[number];

/** Number of samples by result, since the start. */
export type SampleCounts = Readonly<Record<SampleResult, number>>;

/** One sample of an installed entry. */
export interface Sample {
  readonly id: FlowId;
  readonly row: number;
  /** Version of the flow's match and actions that is installed. */
  readonly version: number;
  readonly result: SampleResult;
  /** What differs, or why nothing could be compared; empty for the same actions. */
  readonly detail: string;
  /** Time that the vSwitch spent on it, ms. */
  readonly sourceMs: number;
}

type Entry = Pick<Sample, 'id' | 'row' | 'version'>;

interface Suspect extends Entry {
  readonly sinceMs: number;
}

/** Options of a {@link Sampler}. */
export interface SamplerOptions {
  readonly verifier: FlowVerifier;
  readonly clock: Clock;
}

/**
 * Compares one installed entry at a time with what the vSwitch would do with its flow now, in turn
 * over all of them. It is independent of the reading of flows, so that it notices what each reading
 * would repeat: a datapath flow that no longer follows the rules.
 */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #counts: Record<SampleResult, number> = {
    same: 0,
    suspected: 0,
    different: 0,
    'not-comparable': 0,
    failed: 0,
  };
  /** Index into the live rows after the last sampled one. */
  #cursor = 0;
  /** By ufid. */
  readonly #suspects = new Map<string, Suspect>();

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  /** Samples by result; updated in place. */
  get counts(): SampleCounts {
    return this.#counts;
  }

  /** Samples the next entry; undefined without entries. */
  async sample(table: FlowTable, signal: AbortSignal): Promise<Sample | undefined> {
    const nowMs = this.#options.clock.now();
    const suspect = this.#nextSuspect(table, nowMs);
    const entry = suspect ?? this.#nextEntry(table);
    if (entry === undefined) return undefined;
    const sample = await this.#compare(table, entry, suspect !== undefined, signal);
    this.#counts[sample.result]++;
    if (sample.result === 'suspected' && this.#suspects.size < MAX_SUSPECTS) {
      this.#suspects.set(formatFlowId(entry.id), { ...entry, sinceMs: nowMs });
    }
    return sample;
  }

  /** True if the entry is still installed as it was when it was chosen. */
  isCurrent(table: FlowTable, { id, row, version }: Entry): boolean {
    return (
      table.rowOf(id) === row &&
      table.decision.placement[row] !== Placement.onload &&
      table.decision.installedVersion[row] === version &&
      table.actionsVersionAt(row) === version
    );
  }

  async #compare(
    table: FlowTable,
    entry: Entry,
    again: boolean,
    signal: AbortSignal,
  ): Promise<Sample> {
    const installed = table.actionsAt(entry.row);
    let sourceMs = 0;
    const sample = (result: SampleResult, detail = ''): Sample => ({
      ...entry,
      result,
      detail,
      sourceMs,
    });
    try {
      const verdict = await this.#options.verifier.currentActions(entry.id, signal);
      const { current } = verdict;
      sourceMs = verdict.sourceMs;
      if (!this.isCurrent(table, entry)) return sample('not-comparable', 'the entry has changed');
      if (current.kind === 'gone') return sample('not-comparable', 'the flow has left the vSwitch');
      if (current.kind === 'unknown') return sample('not-comparable', current.why);
      if (sameActions(installed, current.actions)) return sample('same');
      return sample(again ? 'different' : 'suspected', difference(installed, current.actions));
    } catch (error) {
      if (signal.aborted) throw error;
      return sample('failed', errorMessage(error));
    }
  }

  /** Removes and returns a difference that is due for its second look and still installed. */
  #nextSuspect(table: FlowTable, nowMs: number): Suspect | undefined {
    for (const [key, suspect] of this.#suspects) {
      if (nowMs - suspect.sinceMs < CONFIRM_MS) return undefined;
      this.#suspects.delete(key);
      if (this.isCurrent(table, suspect)) return suspect;
    }
    return undefined;
  }

  /** The next installed entry after the last one, without those that wait for a second look. */
  #nextEntry(table: FlowTable): Entry | undefined {
    const { rows, count, decision } = table;
    for (let tried = 0; tried < count; tried++) {
      this.#cursor = (this.#cursor + 1) % count;
      const row = rows[this.#cursor];
      if (decision.placement[row] === Placement.onload) continue;
      const version = decision.installedVersion[row];
      if (table.actionsVersionAt(row) !== version) continue;
      const id = table.idAt(row);
      if (this.#suspects.size > 0 && this.#suspects.has(formatFlowId(id))) continue;
      return { id, row, version };
    }
    return undefined;
  }
}

function difference(installed: FlowActions, current: FlowActions): string {
  return `the entry does ${actionsText(installed)}; the vSwitch would do ${actionsText(current)}`;
}
