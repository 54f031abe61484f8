import {
  listParts,
  type MaskedBytes,
  maskedBytes,
  numberReader,
  type ValueReader,
} from './values.ts';

/** Bits of an option's last header byte that are its length in words of 4 bytes. */
const LENGTH_BITS = 0x1f;
/** `opt_len` of the Geneve header has 6 bits. */
const MAX_BYTES = 63 * 4;

const OPTION = /\{([^{}]*)\}/g;
const LIST = /^(?:\{[^{}]*\})*$/;

/**
 * Geneve options as OVS prints them, such as `{class=0x102,type=0x80,len=4,0x10002/0x7fffffff}`, as on
 * the wire (RFC 8926, section 3.5). Undefined when they are malformed.
 */
export function geneveOptions(text: string): MaskedBytes | undefined {
  if (!LIST.test(text)) return undefined;
  const value: number[] = [];
  const mask: number[] = [];
  for (const [, inside] of text.matchAll(OPTION)) {
    const option = readOption(inside);
    if (option === undefined) return undefined;
    value.push(...option.value);
    mask.push(...option.mask);
  }
  if (value.length > MAX_BYTES) return undefined;
  return { value: Uint8Array.from(value), mask: Uint8Array.from(mask) };
}

/** True if one of the options is critical: a receiver that does not know it drops the packet. */
export function hasCriticalOption(options: Uint8Array): boolean {
  for (let at = 0; at < options.length; at += 4 + 4 * (options[at + 3] & LENGTH_BITS)) {
    if (options[at + 2] >= 0x80) return true;
  }
  return false;
}

function readOption(text: string): { value: number[]; mask: number[] } | undefined {
  const [classText, typeText, lengthText, data, ...more] = listParts(text);
  const optionClass = named('class', classText, numberReader(2));
  const type = named('type', typeText, numberReader(1));
  const length = named('len', lengthText, numberReader(1));
  if (optionClass === undefined || type === undefined || length === undefined) return undefined;
  // A masked length is a whole one all the same: it says where the next option is.
  const bytes = Number(lengthText.slice('len='.length).split('/', 1)[0]);
  if (more.length > 0 || bytes % 4 !== 0 || bytes / 4 > LENGTH_BITS) return undefined;
  const masked = data === undefined ? hidden(bytes) : maskedBytes(data, numberReader(bytes));
  if (masked === undefined || (data !== undefined && bytes === 0)) return undefined;
  // An exact length has no mask in the text; a masked one has the mask of the bits on the wire.
  const lengthMask = length.mask[0] & LENGTH_BITS;
  return {
    value: [...optionClass.value, ...type.value, (bytes / 4) & lengthMask, ...masked.value],
    mask: [...optionClass.mask, ...type.mask, lengthMask, ...masked.mask],
  };
}

/** Data that is not printed: no bit of it counts. */
function hidden(bytes: number): MaskedBytes {
  return { value: new Uint8Array(bytes), mask: new Uint8Array(bytes) };
}

function named(name: string, text: string | undefined, read: ValueReader): MaskedBytes | undefined {
  return text?.startsWith(`${name}=`) === true
    ? maskedBytes(text.slice(name.length + 1), read)
    : undefined;
}
