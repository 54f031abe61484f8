import { ByteQueue } from '../input/byte-queue.ts';
import {
  type CapturedPacket,
  type CaptureReader,
  LATEST_MS,
  mostCaptured,
} from '../input/capture.ts';
import { type CaptureInterface, interfaceOf } from './pcapng-interface.ts';
import { TraceDamaged } from '../input/trace-error.ts';

const SECTION = 0x0a0d_0d0a;
const INTERFACE = 1;
const OLD_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER = 0x1a2b_3c4d;
/** Longest block that is read; longer ones of types that are skipped do no harm. */
const LONGEST_BLOCK = 16 * 1024 * 1024;
const MAX_INTERFACES = 65_536;

/** True of the first bytes of a pcapng file. */
export function isPcapng(head: Uint8Array): boolean {
  return head.length >= 4 && new DataView(head.buffer, head.byteOffset).getUint32(0) === SECTION;
}

/** Reads pcapng, of either byte order (draft-ietf-opsawg-pcapng); blocks it does not know it skips. */
export class PcapngReader implements CaptureReader {
  readonly format = 'pcapng';
  readonly #file: string;
  readonly #queue = new ByteQueue();
  #little = true;
  #inSection = false;
  /** Of this section; and how many the sections before had. */
  #interfaces: CaptureInterface[] = [];
  #firstInterface = 0;
  /** Time of the last packet that had one, ms. */
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
      else if (!this.#inSection) this.#damaged('a section has to come first');
      const length = queue.view.getUint32(queue.at + 4, this.#little);
      if (length < 12 || length % 4 !== 0) this.#damaged(`a block cannot have ${length} bytes`);
      if (!isRead(type)) {
        queue.skip(length);
        continue;
      }
      if (length > LONGEST_BLOCK) {
        this.#damaged(`a block of type ${type} cannot have ${length} bytes`);
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
    if (magic !== 0x4d3c_2b1a) this.#damaged('a section without a byte order');
    return false;
  }

  /** Reads a block that is there as a whole; true for a packet. */
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
    if (length < 28) this.#damaged(`a section's block cannot have ${length} bytes`);
    const major = this.#queue.view.getUint16(at + 12, this.#little);
    if (major !== 1) this.#damaged(`version ${major} of pcapng is not known, 1 is`);
    this.#inSection = true;
    this.#firstInterface += this.#interfaces.length;
    this.#interfaces = [];
  }

  #addInterface(at: number, length: number): void {
    if (length < 20) this.#damaged(`an interface's block cannot have ${length} bytes`);
    if (this.#interfaces.length >= MAX_INTERFACES) {
      this.#damaged(`a section cannot have more than ${MAX_INTERFACES} interfaces`);
    }
    const { view } = this.#queue;
    const number = this.#interfaces.length;
    this.#interfaces.push(interfaceOf(view, at, length, this.#little, number));
  }

  /** An enhanced packet, or its forerunner, which differs in how it tells the interface. */
  #packet(type: number, at: number, length: number, packet: CapturedPacket): void {
    if (length < 32) this.#damaged(`a packet's block cannot have ${length} bytes`);
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

  /** It has no time: it is taken for that of the packet before. */
  #simple(at: number, length: number, packet: CapturedPacket): void {
    if (length < 16) this.#damaged(`a packet's block cannot have ${length} bytes`);
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
    room: number,
  ): void {
    const found = this.#interface(number);
    const most = Math.min(room, mostCaptured(found.snapLength));
    if (captured > most) {
      this.#damaged(`a packet cannot have ${captured} bytes in a block that holds ${most}`);
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
    if (!(ms >= 0 && ms <= LATEST_MS)) this.#damaged(`${ms} ms since 1970 is no time of a packet`);
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
