import type { EntryTable } from './entry-table.ts';
import type { Hardware } from './hardware.ts';
import type { Trace } from '../traces/trace.ts';

/**
 * What an algorithm sees at the end of a window. Columns contain the flows that sent in the window,
 * in the order of their first packets in the trace; valid until `decide` returns. Where the counters
 * of a table are late, flows with an entry are among them when the table reports what it carried.
 */
export interface WindowView {
  readonly windowMs: number;
  /** Clock at the window's end, ms; the first window ends at `windowMs`. */
  readonly endMs: number;
  /** Flows that sent, and their traffic in the window on both paths. */
  readonly senders: Uint32Array;
  readonly bytes: Float64Array;
  readonly packets: Float64Array;
  /** Time of their last packet, ms from the window's start; below 0 where counters are late. */
  readonly lastMs: Float32Array;
  /** Senders that are new to the vSwitch; earlier state about them must be discarded. */
  readonly born: Uint32Array;
  /** Flows that idled out at the window's end; their entries are already removed. */
  readonly gone: Uint32Array;
  readonly table: EntryTable;
}

/** Fills a table, window by window. One object per run over a trace. */
export interface Placer {
  /** Adds flows to `view.table` and evicts flows; its content applies to the next window. */
  decide(view: WindowView): void | Promise<void>;
}

/** Parameters of a placer. */
export interface PlacerContext {
  /** Number of flows of the trace; flows are numbered from 0. */
  readonly flows: number;
  readonly entries: number;
  readonly windowMs: number;
  readonly hardware: Hardware;
  /** By flow: the service that its headers belong to, see {@link Trace}. */
  readonly serviceOf: Uint16Array;
}

/** An algorithm; creates a placer for each run. */
export interface Algorithm {
  readonly name: string;
  create(context: PlacerContext): Placer;
}

/** An algorithm with a parameter that is chosen in hindsight: the best member counts. */
export interface AlgorithmFamily {
  readonly name: string;
  members(trace: Trace, entries: number): readonly Algorithm[];
}

/** A participant of the comparison. */
export type Contender = Algorithm | AlgorithmFamily;

/** The contender's algorithms for a trace and a table: one, or a family's members. */
export function membersOf(
  contender: Contender,
  trace: Trace,
  entries: number,
): readonly Algorithm[] {
  return 'members' in contender ? contender.members(trace, entries) : [contender];
}
