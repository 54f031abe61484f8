import type { FlowId } from '../../../engine/model/flow-id.ts';
import { partsOf } from './entry-parts.ts';
import { type EntryTable, KEY_WORDS } from './entry-table.ts';
import { ENTRY, VALUE_WORDS } from './entry-value.ts';
import { EntriesNotDeleted } from './errors.ts';
import type { FlowMap } from './flow-map.ts';
import type { SharedParts } from './shared-parts.ts';
import type { StatsReader } from './stats-reader.ts';
import type { StatsSlots } from './stats-slots.ts';

/** What an adoption of entries works on. */
export interface EntryAdoptionParts {
  readonly entries: EntryTable;
  readonly flows: FlowMap;
  readonly parts: SharedParts;
  readonly slots: StatsSlots;
  readonly stats: StatsReader;
}

/**
 * Rebuilds ids, keys and slots from the maps; inconsistent entries are deleted.
 *
 * @param served ids of the ports that are served
 * @throws {EntriesNotDeleted}
 */
export function adoptEntries(
  { entries, flows, parts, slots, stats }: EntryAdoptionParts,
  served: ReadonlySet<number>,
): void {
  parts.adopt();
  const orphans: number[] = [];
  const taken = new Set<number>();
  flows.read((keys, keyAt, values, valueAt) => {
    const key = keys.subarray(keyAt, keyAt + KEY_WORDS);
    const value = values.subarray(valueAt, valueAt + VALUE_WORDS);
    const id = ufidOf(values, valueAt);
    const out = value[ENTRY.outPort / 4];
    const slot = value[ENTRY.statsSlot / 4];
    const parted = partsOf(key, 0, value, 0);
    const inPort = parts.arrivedTunnels.portOf(parted.inPort);
    const sound =
      served.has(inPort) &&
      (out === 0 || served.has(out)) &&
      slot < slots.size &&
      !taken.has(slot) &&
      entries.find(id) < 0 &&
      parts.adoptUser(parted);
    if (!sound) {
      orphans.push(...key);
      return;
    }
    taken.add(slot);
    entries.add(slot, id, key, value, inPort);
  });
  const kept = flows.delete(Uint32Array.from(orphans), orphans.length / KEY_WORDS);
  parts.arrivedTunnels.dropUnused();
  if (kept.length > 0) throw new EntriesNotDeleted(kept.length, kept[0].errno);
  slots.adopt(taken);
  stats.zeroFree();
}

/** The id of the flow whose entry's value is at `at`. */
export function ufidOf(values: Uint32Array, at: number): FlowId {
  const from = at + ENTRY.ufid / 4;
  return { w0: values[from], w1: values[from + 1], w2: values[from + 2], w3: values[from + 3] };
}
