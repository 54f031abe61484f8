import type { FlowId } from '../../../engine/model/flow-id.ts';
import { type EntryTable, KEY_WORDS } from './entry-table.ts';
import { ENTRY, tunnelHeaderOf, VALUE_WORDS } from './entry-value.ts';
import { EntriesNotDeleted } from './errors.ts';
import type { FlowMap } from './flow-map.ts';
import { TABLE_KEY } from './key-layout.ts';
import type { MaskSet } from './mask-set.ts';
import type { StatsReader } from './stats-reader.ts';
import type { StatsSlots } from './stats-slots.ts';
import type { TunnelHeaders } from './tunnel-headers.ts';

/** What an adoption of entries works on. */
export interface EntryAdoptionParts {
  readonly entries: EntryTable;
  readonly flows: FlowMap;
  readonly masks: MaskSet;
  readonly slots: StatsSlots;
  readonly stats: StatsReader;
  readonly tunnelHeaders: TunnelHeaders;
}

/**
 * Rebuilds ids, keys and slots from the maps; inconsistent entries are deleted.
 *
 * @param served ids of the ports that are served
 * @throws {EntriesNotDeleted}
 */
export function adoptEntries(
  { entries, flows, masks, slots, stats, tunnelHeaders }: EntryAdoptionParts,
  served: ReadonlySet<number>,
): void {
  masks.adopt();
  const orphans: number[] = [];
  const taken = new Set<number>();
  flows.read((keys, keyAt, values, valueAt) => {
    const key = keys.subarray(keyAt, keyAt + KEY_WORDS);
    const value = values.subarray(valueAt, valueAt + VALUE_WORDS);
    const id = ufidOf(values, valueAt);
    const out = value[ENTRY.outPort / 4];
    const slot = value[ENTRY.statsSlot / 4];
    const header = tunnelHeaderOf(value, 0);
    const sound =
      served.has(key[TABLE_KEY.inPort / 4]) &&
      (out === 0 || served.has(out)) &&
      slot < slots.size &&
      !taken.has(slot) &&
      entries.find(id) < 0 &&
      (header === 0 || tunnelHeaders.adoptUser(header)) &&
      masks.adoptUser(key[TABLE_KEY.maskId / 4]);
    if (!sound) {
      orphans.push(...key);
      return;
    }
    taken.add(slot);
    entries.add(slot, id, key, value);
  });
  const kept = flows.delete(Uint32Array.from(orphans), orphans.length / KEY_WORDS);
  if (kept.length > 0) throw new EntriesNotDeleted(kept.length, kept[0].errno);
  slots.adopt(taken);
  stats.zeroFree();
}

/** The id of the flow whose entry's value is at `at`. */
export function ufidOf(values: Uint32Array, at: number): FlowId {
  const from = at + ENTRY.ufid / 4;
  return { w0: values[from], w1: values[from + 1], w2: values[from + 2], w3: values[from + 3] };
}
