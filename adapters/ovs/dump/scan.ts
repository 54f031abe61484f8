const OPEN = 0x28;
const CLOSE = 0x29;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const SLASH = 0x2f;

/** Position of the `)` that closes the parenthesis opened just before `from`, or -1. */
export function closingParenthesis(bytes: Uint8Array, from: number, end: number): number {
  let depth = 0;
  for (let at = from; at < end; at++) {
    if (bytes[at] === OPEN) depth++;
    else if (bytes[at] === CLOSE && depth-- === 0) return at;
  }
  return -1;
}

/**
 * Position of the next comma outside parentheses and braces, or `end`; -1 when a parenthesis is
 * closed that was not opened, or is never closed.
 */
export function nextComma(bytes: Uint8Array, from: number, end: number): number {
  let depth = 0;
  for (let at = from; at < end; at++) {
    const byte = bytes[at];
    if (byte === COMMA && depth === 0) return at;
    if (byte === OPEN || byte === OPEN_BRACE) depth++;
    else if ((byte === CLOSE || byte === CLOSE_BRACE) && depth-- === 0) return -1;
  }
  return depth === 0 ? end : -1;
}

/**
 * True when every comma-separated part of an attribute has a mask of zero, in any notation (`0/0`,
 * `src=10.0.0.1/0.0.0.0`, `fe80::1/::`, `00/00`).
 */
export function isWildcarded(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end) {
    while (at < end && bytes[at] !== SLASH && bytes[at] !== COMMA) at++;
    if (bytes[at] !== SLASH || at + 1 >= end) return false;
    for (at++; at < end && bytes[at] !== COMMA; at++) {
      const byte = bytes[at];
      const zero =
        byte === 0x30 || byte === 0x3a || byte === 0x2e || byte === 0x20 || byte === 0x78;
      if (!zero) return false;
    }
    at++;
  }
  return true;
}

const SPACES = 0x20202020;
const BACKSLASHES = 0x5c5c5c5c;

/**
 * Position of the next space or backslash, comparing four bytes at a time; -1 when neither occurs
 * before `limit`. `view` must extend three bytes beyond `limit`.
 */
export function spaceOrBackslash(view: DataView, from: number, limit: number): number {
  for (let at = from; at < limit; at += 4) {
    const word = view.getInt32(at, true);
    const found = zeroBytes(word ^ SPACES) | zeroBytes(word ^ BACKSLASHES);
    if (found === 0) continue;
    const first = at + ((31 - Math.clz32(found & -found)) >> 3);
    return first < limit ? first : -1;
  }
  return -1;
}

/** Bit 7 of the lowest zero byte, and possibly of bytes above it; 0 without a zero byte. */
function zeroBytes(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}
