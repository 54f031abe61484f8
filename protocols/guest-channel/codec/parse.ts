import { ChannelViolation } from './errors.ts';
import { type Fields, integerItem } from './fields.ts';
import type { Epoch } from './messages.ts';

const EPOCH = /^[0-9a-f]{16}$/;
const MAX_VERSION = 1_000;
const MAX_VERSIONS = 16;

/** @throws {ChannelViolation} */
export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new ChannelViolation('line', 'a JSON object');
  }
}

/** @throws {ChannelViolation} */
export function readEpoch(fields: Fields, name: string): Epoch {
  return fields.text(name, EPOCH, '16 hexadecimal digits');
}

/** The fields of a `hello` that stay the same in all versions. @throws {ChannelViolation} */
export function readVersions(fields: Fields): number[] {
  return fields.list('versions', MAX_VERSIONS, (value, where) =>
    integerItem(value, where, 1, MAX_VERSION),
  );
}

/** The highest version that both sides speak; undefined: they share no version. */
export function commonVersion(
  ours: readonly number[],
  theirs: readonly number[],
): number | undefined {
  const common = ours.filter((version) => theirs.includes(version));
  return common.length === 0 ? undefined : Math.max(...common);
}
