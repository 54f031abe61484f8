import { ByteQueue } from '../input/byte-queue.ts';
import { type CapturedPacket, type CaptureReader, maxCapturedBytes } from '../input/capture.ts';
import { TraceDamaged } from '../input/trace-error.ts';

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** Byte order of a file and its time stamp units per second. */
interface Encoding {
  readonly little: boolean;
  readonly perSecond: number;
}

/** Encoding by magic number, read as little-endian. */
const MAGIC: ReadonlyMap<number, Encoding> = new Map([
  [0xa1b2_c3d4, { little: true, perSecond: 1e6 }],
  [0xd4c3_b2a1, { little: false, perSecond: 1e6 }],
  [0xa1b2_3c4d, { little: true, perSecond: 1e9 }],
  [0x4d3c_b2a1, { little: false, perSecond: 1e9 }],
]);

/** True if a file with these first bytes is a pcap file. */
export function isPcap(head: Uint8Array): boolean {
  return (
    head.length >= 4 && MAGIC.has(new DataView(head.buffer, head.byteOffset).getUint32(0, true))
  );
}

/** Reads pcap, of either byte order and with micro- or nanoseconds (draft-ietf-opsawg-pcap). */
export class PcapReader implements CaptureReader {
  readonly format = 'pcap';
  readonly #file: string;
  readonly #queue = new ByteQueue();
  #header: Encoding | undefined;
  #maxCaptured = 0;
  #link = 0;

  constructor(file: string) {
    this.#file = file;
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
  }

  next(packet: CapturedPacket): boolean {
    const header = this.#header ?? this.#readHeader();
    const queue = this.#queue;
    if (header === undefined || queue.length < RECORD_HEADER) return false;
    const { little, perSecond } = header;
    const { view, at } = queue;
    const captured = view.getUint32(at + 8, little);
    if (captured > this.#maxCaptured) {
      this.#damaged(
        `the packet has ${captured} captured bytes; the maximum is ${this.#maxCaptured}`,
      );
    }
    const fraction = view.getUint32(at + 4, little);
    if (fraction >= perSecond) {
      this.#damaged(`time stamp with ${fraction} units in a second of ${perSecond}`);
    }
    if (queue.length < RECORD_HEADER + captured) return false;
    packet.atMs = view.getUint32(at, little) * 1000 + (fraction * 1000) / perSecond;
    packet.data = queue.bytes;
    packet.from = at + RECORD_HEADER;
    packet.to = packet.from + captured;
    packet.wireBytes = Math.max(captured, view.getUint32(at + 12, little));
    packet.link = this.#link;
    packet.iface = 0;
    queue.skip(RECORD_HEADER + captured);
    return true;
  }

  end(): void {
    if (this.#header === undefined) this.#damaged('the file ends in its header');
    if (this.#queue.length > 0) this.#damaged('the file ends in the middle of this packet');
  }

  interfaceName(_iface: number): string {
    return 'capture';
  }

  #readHeader(): Encoding | undefined {
    const queue = this.#queue;
    if (queue.length < FILE_HEADER) return undefined;
    const { view, at } = queue;
    const header = MAGIC.get(view.getUint32(at, true));
    if (header === undefined) return this.#damaged('not a pcap file');
    const major = view.getUint16(at + 4, header.little);
    if (major !== 2) this.#damaged(`unsupported pcap version ${major}; expected 2`);
    this.#maxCaptured = maxCapturedBytes(view.getUint32(at + 16, header.little));
    this.#link = view.getUint32(at + 20, header.little) & 0xffff;
    queue.skip(FILE_HEADER);
    this.#header = header;
    return header;
  }

  #damaged(message: string): never {
    throw new TraceDamaged(this.#file, this.#queue.offset, message);
  }
}
