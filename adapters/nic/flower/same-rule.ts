import { attributesIn } from '../../../protocols/netlink/attributes.ts';
import type { FlowerFilter } from '../../../protocols/netlink/tc/filters.ts';
import { FLOWER } from '../../../protocols/netlink/tc/flower-table.ts';
import { ACT, TC_GEN } from '../../../protocols/netlink/tc/tables.ts';
import { TC_POLICE } from '../../../protocols/netlink/tc/action-tables.ts';
import type { FlowerRule } from './rules/flower-rule.ts';

/** Options that the kernel reports besides keys, whatever was written. */
const NOT_KEYS = new Set([FLOWER.actions, FLOWER.filterFlags, FLOWER.inHardwareCount].map(number));
/** Keys without which others are not possible. The kernel reports them, too. */
const IMPLIED_KEYS = new Set([FLOWER.ethType].map(number));
const MASKS = new Set(
  Object.values(FLOWER)
    .filter(({ name }) => name.endsWith('_MASK'))
    .map(number),
);

/** `struct tc_gen`, with which the parameters of most actions begin. */
const GENERIC_BYTES = 20;

/**
 * True if a filter, as the kernel reports it, is the one that the rule would write: what was written is
 * in it, and no other condition is.
 */
export function isSameRule(rule: FlowerRule, filter: FlowerFilter): boolean {
  const reported = new Map(attributesIn(filter.options.bytes).map((a) => [a.type, a.value]));
  const keys = attributesIn(Buffer.concat([...rule.keys]));
  for (const { type, value } of keys) {
    if (reported.get(type)?.equals(value) !== true) return false;
    reported.delete(type);
  }
  for (const [type, value] of reported) {
    if (NOT_KEYS.has(type) || IMPLIED_KEYS.has(type)) continue;
    // The mask of a key that was written without: all bits.
    if (!MASKS.has(type) || value.some((byte) => byte !== 0xff)) return false;
  }
  const actions = filter.options.get(FLOWER.actions) ?? [];
  return (
    actions.length === rule.actions.length &&
    rule.actions.every((action, i) => isSameAction(action, actions[i]))
  );
}

function isSameAction(written: Buffer, reported: Buffer): boolean {
  const there = attributesOf(reported);
  for (const { type, value } of attributesIn(written)) {
    const found = there.get(type);
    if (type === ACT.flags.number) continue;
    if (found === undefined) return false;
    const isSame =
      type === ACT.options.number
        ? areSameOptions(there.get(ACT.kind.number), value, found)
        : found.equals(value);
    if (!isSame) return false;
  }
  return true;
}

function areSameOptions(kind: Buffer | undefined, written: Buffer, reported: Buffer): boolean {
  const there = attributesOf(reported);
  const isPolice = kind?.toString('latin1') === 'police\0';
  return attributesIn(written).every(({ type, value }) => {
    const found = there.get(type);
    // The kernel leaves out some values that are zero.
    if (found === undefined) return value.every((byte) => byte === 0);
    if (isPolice && value.length >= TC_POLICE.bytes) return sameAt(TC_POLICE.action, value, found);
    if (value.length < GENERIC_BYTES) return found.equals(value);
    // Index and references are the kernel's.
    return (
      sameAt(TC_GEN.action, value, found) &&
      found.subarray(GENERIC_BYTES).equals(value.subarray(GENERIC_BYTES))
    );
  });
}

function sameAt(
  { offset }: { readonly offset: number },
  written: Buffer,
  reported: Buffer,
): boolean {
  return reported.readInt32LE(offset) === written.readInt32LE(offset);
}

function attributesOf(bytes: Buffer): ReadonlyMap<number, Buffer> {
  return new Map(attributesIn(bytes).map(({ type, value }) => [type, value]));
}

function number(row: { readonly number: number }): number {
  return row.number;
}
