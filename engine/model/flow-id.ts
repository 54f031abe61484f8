/**
 * Identity of a datapath flow: OVS's ufid (unique flow identifier), a 128-bit hash of the flow's
 * key, printed by `dpctl/dump-flows -m` as a UUID (`lib/odp-util.c`, odp_format_ufid).
 *
 * Kept as four unsigned 32-bit words, most significant first, so that tables index it without
 * making a string of it.
 */
export interface FlowId {
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
}

const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})([0-9a-f]{8})$/;

/** Parses a ufid as OVS prints it (a lower-case UUID); undefined when `text` is not one. */
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

/** The ufid as OVS prints it. */
export function formatFlowId(id: FlowId): string {
  const [a, b, c, d] = [id.w0, id.w1, id.w2, id.w3].map((w) =>
    (w >>> 0).toString(16).padStart(8, '0'),
  );
  return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`;
}

/** True when both name the same flow. */
export function sameFlowId(a: FlowId, b: FlowId): boolean {
  return a.w0 === b.w0 && a.w1 === b.w1 && a.w2 === b.w2 && a.w3 === b.w3;
}
