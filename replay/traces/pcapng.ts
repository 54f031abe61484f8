import { ByteQueue } from '../input/byte-queue.ts';
import {
  type CapturedPacket,
  type CaptureReader,
  MAX_TIME_MS,
  maxCapturedBytes,
} from '../input/capture.ts';
import { type CaptureInterface, interfaceOf } from './pcapng-interface.ts';
import { TraceDamaged } from '../input/trace-error.ts';

const SECTION = 0x0a0d_0d0a;
const INTERFACE = 1;
const OLD_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER = 0x1a2b_3c4d;
/** Maximum size of a block that is read, bytes; skipped blocks can be larger. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;
const MAX_INTERFACES = 65_536;

/** True if a file with these first bytes is a pcapng file. */
export function isPcapng(head: Uint8Array): boolean {
  return head.length >= 4 && new DataView(head.buffer, head.byteOffset).getUint32(0) === SECTION;
}

/** Reads pcapng in either byte order (draft-ietf-opsawg-pcapng) and skips blocks of unknown types. */
export class PcapngReader implements CaptureReader {
  readonly format = 'pcapng';
  readonly #file: string;
  readonly #queue = new ByteQueue();
  #little = true;
  #inSection = false;
  /** Interfaces of this section, and the number of interfaces in the sections before. */
  #interfaces: CaptureInterface[] = [];
  #firstInterface = 0;
  /** Time of the last packet with a time stamp, ms. */
  #lastMs = 0;

  constructor(file: string) {
    this.#file = file;
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
  }

  next(packet: CapturedPacket): boolean {
    const queue = this.#queue;
    // A block begins with its type and its length, and ends with its length.
    while (!queue.skipping && queue.length >= 12) {
      const type = queue.view.getUint32(queue.at, this.#little);
      if (type === SECTION) this.#little = this.#byteOrder();
      else if (!this.#inSection) this.#damaged('the file does not start with a section header');
      const length = queue.view.getUint32(queue.at + 4, this.#little);
      if (length < 12 || length % 4 !== 0) this.#damaged(`invalid block length ${length}`);
      if (!isRead(type)) {
        queue.skip(length);
        continue;
      }
      if (length > MAX_BLOCK_BYTES) {
        this.#damaged(`a block of type ${type} with ${length} bytes is too long`);
      }
      if (queue.length < length) return false;
      if (queue.view.getUint32(queue.at + length - 4, this.#little) !== length) {
        this.#damaged('the two lengths of this block differ');
      }
      const isPacket = this.#block(type, length, packet);
      queue.skip(length);
      if (isPacket) return true;
    }
    return false;
  }

  end(): void {
    const queue = this.#queue;
    if (queue.skipping || queue.length > 0) {
      this.#damaged('the file ends in the middle of this block');
    }
    if (!this.#inSection) this.#damaged('the file is empty');
  }

  interfaceName(iface: number): string {
    return this.#interfaces[iface - this.#firstInterface]?.name ?? 'capture';
  }

  /** The byte order of the section that begins here. */
  #byteOrder(): boolean {
    const magic = this.#queue.view.getUint32(this.#queue.at + 8, true);
    if (magic === BYTE_ORDER) return true;
    if (magic !== 0x4d3c_2b1a) this.#damaged('the section header has no valid byte-order magic');
    return false;
  }

  /** Reads a complete block; true if it is a packet. */
  #block(type: number, length: number, packet: CapturedPacket): boolean {
    const at = this.#queue.at;
    if (type === SECTION) {
      this.#startSection(at, length);
      return false;
    }
    if (type === INTERFACE) {
      this.#addInterface(at, length);
      return false;
    }
    if (type === SIMPLE_PACKET) this.#simple(at, length, packet);
    else this.#packet(type, at, length, packet);
    return true;
  }

  #startSection(at: number, length: number): void {
    if (length < 28) this.#damaged(`invalid length ${length} of a section header block`);
    const major = this.#queue.view.getUint16(at + 12, this.#little);
    if (major !== 1) this.#damaged(`unsupported pcapng version ${major}; expected 1`);
    this.#inSection = true;
    this.#firstInterface += this.#interfaces.length;
    this.#interfaces = [];
  }

  #addInterface(at: number, length: number): void {
    if (length < 20) this.#damaged(`invalid length ${length} of an interface description block`);
    if (this.#interfaces.length >= MAX_INTERFACES) {
      this.#damaged(`more than ${MAX_INTERFACES} interfaces in a section`);
    }
    const { view } = this.#queue;
    const number = this.#interfaces.length;
    this.#interfaces.push(interfaceOf(view, at, length, this.#little, number));
  }

  /** Enhanced packet block, or the obsolete packet block, which has a 16-bit interface number. */
  #packet(type: number, at: number, length: number, packet: CapturedPacket): void {
    if (length < 32) this.#damaged(`invalid length ${length} of a packet block`);
    const { view } = this.#queue;
    const little = this.#little;
    const number =
      type === OLD_PACKET ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
    this.#fill(packet, number, at + 28, view.getUint32(at + 20, little), length - 32);
    packet.wireBytes = Math.max(packet.to - packet.from, view.getUint32(at + 24, little));
    packet.atMs = this.#time(
      number,
      view.getUint32(at + 12, little),
      view.getUint32(at + 16, little),
    );
  }

  /** A simple packet block has no time stamp; it gets that of the packet before. */
  #simple(at: number, length: number, packet: CapturedPacket): void {
    if (length < 16) this.#damaged(`invalid length ${length} of a packet block`);
    const wire = this.#queue.view.getUint32(at + 8, this.#little);
    const snapLength = this.#interfaces[0]?.snapLength ?? 0;
    const captured = Math.min(wire, snapLength === 0 ? wire : snapLength, length - 16);
    this.#fill(packet, 0, at + 12, captured, length - 16);
    packet.wireBytes = wire;
    packet.atMs = this.#lastMs;
  }

  #fill(
    packet: CapturedPacket,
    number: number,
    from: number,
    captured: number,
    blockBytes: number,
  ): void {
    const found = this.#interface(number);
    const max = Math.min(blockBytes, maxCapturedBytes(found.snapLength));
    if (captured > max) {
      this.#damaged(`the packet has ${captured} captured bytes; its block can hold ${max}`);
    }
    packet.data = this.#queue.bytes;
    packet.from = from;
    packet.to = from + captured;
    packet.link = found.link;
    packet.iface = this.#firstInterface + number;
  }

  #time(number: number, high: number, low: number): number {
    const { unitsPerMs, offsetMs } = this.#interface(number);
    const ms = (high * 2 ** 32 + low) / unitsPerMs + offsetMs;
    if (!(ms >= 0 && ms <= MAX_TIME_MS))
      this.#damaged(`time stamp out of range: ${ms} ms since 1970`);
    this.#lastMs = ms;
    return ms;
  }

  #interface(number: number): CaptureInterface {
    const found = this.#interfaces[number];
    if (found === undefined) this.#damaged(`there is no interface ${number} in this section`);
    return found;
  }

  #damaged(message: string): never {
    throw new TraceDamaged(this.#file, this.#queue.offset, message);
  }
}

function isRead(type: number): boolean {
  return (
    type === SECTION ||
    type === INTERFACE ||
    type === ENHANCED_PACKET ||
    type === SIMPLE_PACKET ||
    type === OLD_PACKET
  );
}
