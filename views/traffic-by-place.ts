import { PLACEMENT_NAMES, type PlacementName } from '../engine/model/flow.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { limitEntries, type SliceQuota } from '../engine/model/slice.ts';
import type { ShareView, SliceView } from '../api/status-view.ts';

const PLACES = PLACEMENT_NAMES.length;

/** Flows and their rates by where they are placed, of the node and of each slice: one pass. */
export class TrafficByPlace {
  /** Of the node, indexed by placement. */
  readonly bitsPerSecond = new Float64Array(PLACES);
  readonly packetsPerSecond = new Float64Array(PLACES);
  /** Of slices: `slice * PLACES + placement`, slice 0 for none. */
  readonly #flows: Float64Array;
  readonly #bits: Float64Array;
  readonly #packets: Float64Array;

  /** @param slices how many the table's `decision.slice` counts */
  constructor(table: FlowTable, slices: number) {
    const cells = (slices + 1) * PLACES;
    this.#flows = new Float64Array(cells);
    this.#bits = new Float64Array(cells);
    this.#packets = new Float64Array(cells);
    const { placement, slice } = table.decision;
    const { bitsPerSecond, packetsPerSecond } = table.rates;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      // Rules that have just been put in force may count more slices than the last tick did.
      const known = slice[row] <= slices ? slice[row] : 0;
      const cell = known * PLACES + placement[row];
      this.#flows[cell]++;
      this.#bits[cell] += bitsPerSecond[row];
      this.#packets[cell] += packetsPerSecond[row];
    }
    for (let cell = 0; cell < cells; cell++) {
      this.bitsPerSecond[cell % PLACES] += this.#bits[cell];
      this.packetsPerSecond[cell % PLACES] += this.#packets[cell];
    }
  }

  /** Of one slice, counted from 1. */
  of(slice: number): Pick<SliceView, 'flows' | 'bitsPerSecond' | 'packetsPerSecond'> {
    const cells = (column: Float64Array) => byPlacement((place) => column[slice * PLACES + place]);
    return {
      flows: cells(this.#flows),
      bitsPerSecond: cells(this.#bits),
      packetsPerSecond: cells(this.#packets),
    };
  }
}

/** A value for each placement, by its number. */
export function byPlacement(value: (index: number) => number): Record<PlacementName, number> {
  return { onload: value(0), offload: value(1), 'fast-path': value(2) };
}

/**
 * The slices with what they have.
 *
 * @param entries of the NIC's table that are counted on; undefined without one
 * @param shares of the NIC's table
 */
export function sliceViews(
  slices: readonly SliceQuota[],
  traffic: TrafficByPlace,
  entries: number | undefined,
  shares: readonly ShareView[],
): readonly SliceView[] {
  const shareOf = new Map(shares.map((share) => [share.slice, share]));
  return slices.map(({ name, weight, guaranteed, maximum }, i) => {
    const share = shareOf.get(name);
    return {
      name,
      weight,
      ...traffic.of(i + 1),
      guaranteedEntries: entriesOf(guaranteed, share?.guaranteed, entries),
      maximumEntries: entriesOf(maximum, share?.maximum, entries),
      wantedEntries: share?.wanted ?? null,
      shareEntries: share?.share ?? null,
      usedEntries: share?.used ?? null,
    };
  });
}

/** What a limit means: as the last plan had it or, before the first, in so many entries. */
function entriesOf(
  limit: SliceQuota['guaranteed'],
  planned: number | undefined,
  entries: number | undefined,
): number | null {
  if (limit === undefined) return null;
  return planned ?? (entries === undefined ? null : limitEntries(limit, entries));
}
