import { MARKER } from '../../testbed/frames.ts';

/** A payload as `payload` in `guest/numbered.py` makes it: marker, number, bytes that follow from it. */
export function payload(sequence: number, size: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(sequence);
  const head = Buffer.concat([MARKER, number]);
  return Buffer.concat([head, Buffer.alloc(size - head.length, sequence & 0xff)]);
}
