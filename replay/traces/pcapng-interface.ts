/** An interface that packets of a pcapng section were captured at. */
export interface CaptureInterface {
  readonly name: string;
  readonly link: number;
  /** Most bytes captured of a packet; 0: no limit. */
  readonly snapLength: number;
  /** Time stamp units per ms, and the offset to add, ms. */
  readonly unitsPerMs: number;
  readonly offsetMs: number;
}

const END_OF_OPTIONS = 0;
const IF_NAME = 2;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const MAX_NAME_BYTES = 64;

/**
 * Reads an Interface Description Block (draft-ietf-opsawg-pcapng, section 4.2). An option that
 * exceeds the block ends the option list.
 *
 * @param at start of the block; it has `length` bytes, at least 20
 * @param number names an interface that has no name
 */
export function interfaceOf(
  view: DataView,
  at: number,
  length: number,
  little: boolean,
  number: number,
): CaptureInterface {
  let name = `if${number}`;
  let unitsPerMs = 1000;
  let offsetMs = 0;
  const end = at + length - 4;
  for (let option = at + 16; option + 4 <= end; ) {
    const code = view.getUint16(option, little);
    const size = view.getUint16(option + 2, little);
    const value = option + 4;
    if (code === END_OF_OPTIONS || value + size > end) break;
    if (code === IF_NAME && size > 0) name = text(view, value, size);
    else if (code === IF_TSRESOL && size === 1) unitsPerMs = resolution(view.getUint8(value));
    else if (code === IF_TSOFFSET && size === 8) {
      offsetMs = Number(view.getBigInt64(value, little)) * 1000;
    }
    option = value + size + ((4 - (size % 4)) % 4);
  }
  const link = view.getUint16(at + 8, little);
  return { name, link, snapLength: view.getUint32(at + 12, little), unitsPerMs, offsetMs };
}

/** Units per ms. The byte is a negative power of 10 (or of 2 if the high bit is set), in seconds. */
function resolution(byte: number): number {
  return (byte & 0x80) === 0 ? 10 ** byte / 1000 : 2 ** (byte & 0x7f) / 1000;
}

function text(view: DataView, at: number, size: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, Math.min(size, MAX_NAME_BYTES));
  return new TextDecoder().decode(bytes).replace(/\0.*$/s, '');
}
