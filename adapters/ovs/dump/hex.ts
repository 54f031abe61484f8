/** Value of a hexadecimal digit by character code; 255 for any other character. */
export const HEX = new Uint8Array(256).fill(255);
for (let i = 0; i < 16; i++) {
  HEX['0123456789abcdef'.charCodeAt(i)] = i;
  HEX['0123456789ABCDEF'.charCodeAt(i)] = i;
}

/**
 * Value of two hexadecimal digits, indexed by the two bytes as a little-endian number; above 255
 * when one of them is not a digit.
 */
export const HEX_PAIR = new Uint16Array(65536);
for (let pair = 0; pair < HEX_PAIR.length; pair++) {
  const high = HEX[pair & 0xff];
  const low = HEX[pair >> 8];
  HEX_PAIR[pair] = (high | low) > 15 ? 0x100 : (high << 4) | low;
}
