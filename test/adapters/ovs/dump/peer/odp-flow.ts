import { join } from 'node:path';
import { run } from '../../../../../lab/testbed/run.ts';
import { packageRoot } from '../../../../../platform/package-root.ts';

/** Debian's Python: the one that has OVS's modules, whatever comes first on the PATH. */
const PYTHON = '/usr/bin/python3';

/** `[value, mask]` in hexadecimal, a text, or the parts of an attribute by name. */
export type PeerValue = readonly [value: string, mask: string] | string | PeerParts;

export interface PeerParts {
  readonly [part: string]: PeerValue;
}

/** `name(text)` or `text` alone, as it is written, and what OVS's parser makes of it. */
export interface PeerWord {
  readonly name: string;
  readonly written: string;
  readonly text: string;
  readonly value: PeerValue;
  /** What stands in an encap(...), as far as the parser can read it there. */
  readonly inside: readonly PeerWord[];
}

/** A flow as OVS's Python parser reads it. */
export interface PeerFlow {
  readonly ufid: string;
  readonly info: {
    readonly packets: number;
    readonly bytes: number;
    readonly used: number | 'never';
  };
  readonly match: readonly PeerWord[];
  /** What stands in the encap(...) of a second tag, which it cannot read in its place; else empty. */
  readonly innerEncap: readonly PeerWord[];
  readonly actions: readonly PeerWord[];
}

export function isMasked(value: PeerValue): value is readonly [value: string, mask: string] {
  return Array.isArray(value);
}

/** The parts of an attribute by name; none of what is not one. */
export function partsOf(value: PeerValue): PeerParts {
  return typeof value === 'string' || isMasked(value) ? {} : value;
}

/** What the parser says of a line. */
export type PeerAnswer = PeerFlow | { readonly error: string };

/** Reads lines of a dump with OVS's Python parser. */
export async function askPeer(lines: readonly string[]): Promise<readonly PeerAnswer[]> {
  const script = join(packageRoot(), 'test/adapters/ovs/dump/peer/odp_flow.py');
  const printed = await run(PYTHON, [script], {
    input: `${lines.join('\n')}\n`,
    timeoutMs: 30_000,
  });
  const answers = printed.trim().split('\n');
  if (answers.length !== lines.length) {
    throw new Error(`${lines.length} lines got ${answers.length} answers`);
  }
  return answers.map((line): PeerAnswer => JSON.parse(line));
}
