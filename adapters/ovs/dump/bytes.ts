/** Four characters as DataView.getInt32 reads them, little-endian. */
export function word(text: string): number {
  return Buffer.from(text, 'latin1').readInt32LE(0);
}
