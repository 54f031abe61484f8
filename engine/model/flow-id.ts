/**
 * Identity of a datapath flow: OVS's ufid (unique flow identifier), a 128-bit hash of the flow's
 * key, printed by `dpctl/dump-flows -m` as a UUID (`lib/odp-util.c`, odp_format_ufid).
 *
 * Stored as four unsigned 32-bit words, most significant first, so that tables index it without
 * creating a string.
 */
export interface FlowId {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
}

const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})([0-9a-f]{8})$/;

/** Parses a ufid as OVS prints it (a lower-case UUID); undefined if `text` is not one. */
export function parseFlowId(text: string): FlowId | undefined {
  const parts = UUID.exec(text);
  if (parts === null) return undefined;
  const [, a, b, c, d, e, f] = parts;
  return {
    w0: Number.parseInt(a, 16),
    w1: Number.parseInt(b + c, 16),
    w2: Number.parseInt(d + e, 16),
    w3: Number.parseInt(f, 16),
  };
}

/** All bytes as two hexadecimal digits each. */
const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** The upper and the lower 16 bits of a word, as four hexadecimal digits. */
const upper = (word: number): string => HEX[word >>> 24] + HEX[(word >>> 16) & 0xff];
const lower = (word: number): string => HEX[(word >>> 8) & 0xff] + HEX[word & 0xff];

/** The ufid as OVS prints it. */
export function formatFlowId({ w0, w1, w2, w3 }: FlowId): string {
  const first = `${upper(w0)}${lower(w0)}-${upper(w1)}-${lower(w1)}`;
  return `${first}-${upper(w2)}-${lower(w2)}${upper(w3)}${lower(w3)}`;
}

/** True if both identify the same flow. */
export function sameFlowId(a: FlowId, b: FlowId): boolean {
  return a.w0 === b.w0 && a.w1 === b.w1 && a.w2 === b.w2 && a.w3 === b.w3;
}
