import { BLOCK_HEADER } from './format.ts';

/** A block whose content is the concatenation of `parts`. */
export function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = new Uint8Array(BLOCK_HEADER);
  header[0] = type;
  new DataView(header.buffer).setUint32(1, length, true);
  return joined([header, ...parts]);
}

/** A block whose content is JSON. */
export function jsonBlock(type: number, value: unknown): Uint8Array {
  return block(type, [new TextEncoder().encode(JSON.stringify(value))]);
}

/** The concatenation of `parts`, as a copy. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
