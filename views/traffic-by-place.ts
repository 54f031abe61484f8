import { pathOf } from '../engine/model/carriage.ts';
import { PLACEMENT_NAMES, type PlacementName } from '../engine/model/flow.ts';
import type { FlowTable } from '../engine/model/flow-table.ts';
import { limitEntries, type SliceQuota } from '../engine/model/slice.ts';
import type { ShareView, SliceView } from '../api/status-view.ts';

const PLACES = PLACEMENT_NAMES.length;

/** Flows and their rates by placement, of the node and of each slice, summed in one pass. */
export class TrafficByPlace {
  /** Totals of the node, by placement. */
  readonly bitsPerSecond = new Float64Array(PLACES);
  readonly packetsPerSecond = new Float64Array(PLACES);
  /** Sums of slices, at `slice * PLACES + placement`; slice 0: no slice. */
  readonly #flows: Float64Array;
  readonly #bits: Float64Array;
  readonly #packets: Float64Array;

  /** @param slices number of slices that the table's `decision.slice` refers to */
  constructor(table: FlowTable, slices: number) {
    const cells = (slices + 1) * PLACES;
    this.#flows = new Float64Array(cells);
    this.#bits = new Float64Array(cells);
    this.#packets = new Float64Array(cells);
    const { slice } = table.decision;
    const { bitsPerSecond, packetsPerSecond } = table.rates;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      // Rules that have just come into force may have more slices than the last tick.
      const known = slice[row] <= slices ? slice[row] : 0;
      const cell = known * PLACES + pathOf(table, row);
      this.#flows[cell]++;
      this.#bits[cell] += bitsPerSecond[row];
      this.#packets[cell] += packetsPerSecond[row];
    }
    for (let cell = 0; cell < cells; cell++) {
      this.bitsPerSecond[cell % PLACES] += this.#bits[cell];
      this.packetsPerSecond[cell % PLACES] += this.#packets[cell];
    }
  }

  /** Sums of one slice, numbered from 1. */
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
 * The views of the slices.
 *
 * @param entries learned entries of the NIC table; undefined without a NIC table
 * @param shares shares of the NIC table
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

/** A quota in entries: as in the last plan or, before the first, of all `entries`. */
function entriesOf(
  limit: SliceQuota['guaranteed'],
  planned: number | undefined,
  entries: number | undefined,
): number | null {
  if (limit === undefined) return null;
  return planned ?? (entries === undefined ? null : limitEntries(limit, entries));
}
