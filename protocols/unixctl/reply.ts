import { isEscaped } from '../json-rpc/framing.ts';

/** Position of the value of a member of a JSON object: `[start, end)`. */
export interface MemberSpan {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;

/**
 * Finds the members of a JSON object without decoding their values, so that a value of many
 * megabytes never becomes a string. The object must be complete (see JsonFramer).
 *
 * @returns the spans by name; undefined when the bytes are not a JSON object
 */
export function memberSpans(
  message: Buffer<ArrayBuffer>,
): ReadonlyMap<string, MemberSpan> | undefined {
  const spans = new Map<string, MemberSpan>();
  let at = skipSpace(message, 1);
  while (message[at] === QUOTE) {
    const nameEnd = endOfString(message, at);
    if (nameEnd < 0) return undefined;
    const name = message.toString('utf8', at + 1, nameEnd - 1);
    const colon = skipSpace(message, nameEnd);
    if (message[colon] !== 0x3a) return undefined;
    const start = skipSpace(message, colon + 1);
    const end = endOfValue(message, start);
    if (end < 0) return undefined;
    spans.set(name, { start, end });
    at = skipSpace(message, end);
    if (message[at] === 0x2c) at = skipSpace(message, at + 1);
  }
  return message[at] === 0x7d ? spans : undefined;
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

/** Position after the closing quote of the string that begins at `open`; -1 when it is missing. */
function endOfString(bytes: Buffer, open: number): number {
  let at = bytes.indexOf(QUOTE, open + 1);
  while (at >= 0 && isEscaped(bytes, at, open + 1)) at = bytes.indexOf(QUOTE, at + 1);
  return at < 0 ? -1 : at + 1;
}

/** Position after the value that begins at `start`; -1 when it does not end. */
function endOfValue(bytes: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
      if (at < 0) return -1;
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at;
      depth--;
    } else if (byte === 0x2c && depth === 0) return at;
    at++;
  }
  return -1;
}
