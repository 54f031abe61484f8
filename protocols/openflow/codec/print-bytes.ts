/** Maximum number of bytes to print. */
const SHOWN_BYTES = 64;

export function printHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** The number of bytes, and the first ones. */
export function printData(bytes: Uint8Array): string {
  const more = bytes.length > SHOWN_BYTES ? '...' : '';
  return `(${bytes.length} bytes) ${printHex(bytes.subarray(0, SHOWN_BYTES))}${more}`;
}

export function printMac(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(':');
}

/** An IPv4 address from a number. */
export function printIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
