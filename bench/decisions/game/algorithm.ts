import type { EntryTable } from './entry-table.ts';
import type { Trace } from '../traces/trace.ts';

/**
 * All that an algorithm sees at the end of a window. Columns are those of the flows that sent in
 * the window, in the order of their first packets ever; valid until `decide` returns.
 */
export interface WindowView {
  readonly windowMs: number;
  /** Clock at the window's end, ms; the first window ends at `windowMs`. */
  readonly endMs: number;
  /** Flows that sent, and what they sent in the window on whichever path. */
  readonly senders: Uint32Array;
  readonly bytes: Float64Array;
  readonly packets: Float64Array;
  /** Time of their last packet, ms from the window's start. */
  readonly lastMs: Float32Array;
  /** Flows among the senders that are new to the vSwitch: forget what you know of them. */
  readonly born: Uint32Array;
  /** Flows that idled out at the window's end; their entries are gone already. */
  readonly gone: Uint32Array;
  readonly table: EntryTable;
}

/** Fills a table, window by window. One object serves one run over one trace. */
export interface Placer {
  /** Puts flows into `view.table` and takes flows out: what is in it carries the next window. */
  decide(view: WindowView): void;
}

/** What a placer is made for. */
export interface PlacerContext {
  /** Flows of the trace: numbers from 0 to below this. */
  readonly flows: number;
  readonly entries: number;
  readonly windowMs: number;
}

/** An algorithm: makes a placer for each run. */
export interface Algorithm {
  readonly name: string;
  create(context: PlacerContext): Placer;
}

/** An algorithm with a parameter that is chosen in hindsight: the best member counts. */
export interface AlgorithmFamily {
  readonly name: string;
  members(trace: Trace, entries: number): readonly Algorithm[];
}

/** Whatever is compared. */
export type Contender = Algorithm | AlgorithmFamily;

/** The contender's algorithms for a trace and a table: one, or a family's members. */
export function membersOf(
  contender: Contender,
  trace: Trace,
  entries: number,
): readonly Algorithm[] {
  return 'members' in contender ? contender.members(trace, entries) : [contender];
}
