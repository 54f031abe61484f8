import { FIELDS } from '../dump/field-pool.ts';
import { STRUCTS } from './key-table.ts';
import {
  DECIMAL,
  HEXADECIMAL,
  IPV4,
  IPV6,
  joined,
  MAC,
  maskedPart,
  type Notation,
} from './masked-text.ts';

const NAMES: ReadonlyMap<string, readonly [name: string, notation: Notation]> = new Map([
  ['eth_src', ['src', MAC]],
  ['eth_dst', ['dst', MAC]],
  ['ipv4_src', ['src', IPV4]],
  ['ipv4_dst', ['dst', IPV4]],
  ['ipv6_src', ['src', IPV6]],
  ['ipv6_dst', ['dst', IPV6]],
  ['ipv6_flabel', ['label', HEXADECIMAL]],
]);

/** The parts of a key struct that OVS prints inside an action. */
export function structText(type: number, value: Buffer, mask?: Buffer): string {
  const fields = STRUCTS[type]?.fields ?? [];
  return joined(
    ...fields.map(({ offset, field }) => {
      const { name, width } = FIELDS[field];
      const [short, notation] = NAMES.get(name) ?? [name.replace(/^[^_]*_/, ''), DECIMAL];
      const part = (bytes: Buffer): Buffer => bytes.subarray(offset, offset + width);
      return maskedPart(
        short,
        notation,
        part(value),
        mask === undefined ? undefined : part(mask),
        false,
      );
    }),
  );
}
