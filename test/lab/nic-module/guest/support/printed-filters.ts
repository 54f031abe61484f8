import assert from 'node:assert/strict';
import { run } from '../../../../../lab/testbed/run.ts';

type Printed = Readonly<Record<string, unknown>>;

/** What a filter does, by what tc prints of it, in a form to compare. */
export interface PrintedFilter {
  /** Of the filter: `ip`, `802.1Q`. */
  readonly protocol: string;
  readonly keys: Printed;
  readonly isInHardware: boolean;
  /** Successive writes to headers are one action, with a line for each byte. */
  readonly actions: readonly Printed[];
}

interface TcFilter {
  readonly kind?: string;
  readonly protocol: string;
  readonly options?: {
    readonly handle?: number;
    readonly keys?: Printed;
    readonly in_hw?: boolean;
    readonly actions?: readonly Printed[];
  };
}

/** Key of `pedit`: a word of a header. */
interface PeditKey {
  readonly htype: string;
  readonly offset: number;
  readonly cmd: string;
  /** Hexadecimal; set bits of the mask stay. */
  readonly val: string;
  readonly mask: string;
}

/** Values that say nothing of what an action does. */
const INCIDENTAL: ReadonlySet<string> = new Set([
  'order',
  'index',
  'ref',
  'bind',
  'cookie',
  'used_hw_stats',
  'no_percpu',
  'prob',
]);

/** The filters of flower at the ingress of a device, by the first byte of their cookies. */
export async function printedFilters(device: string): Promise<Map<number, PrintedFilter>> {
  const all: readonly TcFilter[] = JSON.parse(
    await run('tc', ['-j', 'filter', 'show', 'dev', device, 'ingress']),
  );
  const filters = new Map<number, PrintedFilter>();
  for (const { kind, protocol, options } of all) {
    if (kind !== 'flower' || options?.handle === undefined) continue;
    const { keys = {}, actions = [], in_hw: isInHardware = false } = options;
    const cookie = actions.map((action) => action['cookie']).find((found) => found !== undefined);
    assert(typeof cookie === 'string', JSON.stringify(options));
    const id = Number.parseInt(cookie.slice(0, 2), 16);
    filters.set(id, { protocol, keys, isInHardware, actions: comparable(actions) });
  }
  return filters;
}

function comparable(actions: readonly Printed[]): readonly Printed[] {
  const merged: Printed[] = [];
  let writes: Map<string, string> | undefined;
  for (const action of actions) {
    if (action['kind'] !== 'pedit') {
      writes = undefined;
      const entries = Object.entries(action).filter(([name]) => !INCIDENTAL.has(name));
      merged.push(Object.fromEntries(entries));
      continue;
    }
    if (writes === undefined) {
      writes = new Map();
      merged.push({ kind: 'pedit', control_action: action['control_action'], writes });
    }
    addWrites(writes, peditKeys(action));
  }
  return merged;
}

function peditKeys(action: Printed): readonly PeditKey[] {
  const { keys } = action;
  assert(Array.isArray(keys));
  return keys;
}

/** Adds the written bytes by place: `ipv4+8` -> `set 3f/ff`. */
function addWrites(writes: Map<string, string>, keys: readonly PeditKey[]): void {
  for (const { htype, offset, cmd, val, mask } of keys) {
    const [values, stays] = [val, mask].map((word) => Buffer.from(word.padStart(8, '0'), 'hex'));
    for (let i = 0; i < 4; i++) {
      const written = ~stays[i] & 0xff;
      if (written === 0) continue;
      writes.set(
        `${htype}+${offset + i}`,
        `${cmd} ${values[i].toString(16)}/${written.toString(16)}`,
      );
    }
  }
}
