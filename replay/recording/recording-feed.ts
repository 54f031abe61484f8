import type { PortInfo, PortSnapshot } from '../../engine/model/port.ts';
import type { NodeState, PortLoad } from '../../engine/model/tick.ts';
import type { FeedTick, RecordedTotals, TraceFeed } from '../input/feed.ts';
import { MAX_TIME_MS } from '../input/capture.ts';
import type { TraceSource } from '../input/source.ts';
import { TooManyFlows, TraceDamaged } from '../input/trace-error.ts';
import type { Traffic } from '../input/traffic.ts';
import { BlockReader, type RecordedBlock } from './block-reader.ts';
import { FlowDecoder } from './flow-codec.ts';
import { Block, HOST_CPU, MAX_SLOTS, PACKET_COST } from './format.ts';
import { PayloadError, PayloadReader } from './payload-reader.ts';
import { isPorts, isRecordingStart } from './recording-guards.ts';

/** The slot has no flow. */
const NONE = -1;

/** Plays a recording of `norikae record` in the ticks of the daemon. */
export class RecordingFeed implements TraceFeed {
  readonly format = 'recording';
  readonly #file: string;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #blocks: BlockReader;
  #decoder: FlowDecoder | undefined;
  /** Slot in the traffic by slot in the recording. */
  #slots = new Int32Array(0);
  #startedMs: number | null = null;
  #atMs = 0;
  /** End of the previous tick, ms. */
  #tickMs = 0;
  #ports: PortSnapshot = new Map();
  #node: NodeState = { hostCpu: undefined, portLoad: new Map() };
  #ended = false;
  #complete = false;
  /** Why reading a tick failed; thrown after the part that was read has been played. */
  #failure: { readonly error: Error } | undefined;
  readonly #recorded = {
    vswitchPackets: 0,
    vswitchBytes: 0,
    carriedPackets: 0,
    carriedBytes: 0,
    lostTicks: 0,
    missedFlows: 0,
    missedPackets: 0,
    missedBytes: 0,
  };

  constructor(source: TraceSource) {
    this.#file = source.file;
    this.#chunks = source.chunks[Symbol.asyncIterator]();
    this.#blocks = new BlockReader(source.file);
  }

  get #flows(): FlowDecoder {
    return (this.#decoder ??= new FlowDecoder(this.#blocks.version));
  }

  startMs(): number {
    return 0;
  }

  notes(): readonly string[] {
    const { lostTicks, missedFlows } = this.#recorded;
    return [
      ...(this.#ended && !this.#complete ? ['the recording is incomplete: it was not closed'] : []),
      ...(lostTicks > 0
        ? [
            `${lostTicks} ticks were lost while recording; the ticks after them include their traffic`,
          ]
        : []),
      ...(missedFlows > 0 ? [`${missedFlows} flows ended before they were recorded`] : []),
    ];
  }

  recorded(): RecordedTotals {
    return this.#recorded;
  }

  async next(traffic: Traffic): Promise<FeedTick | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const block = await this.#block();
      if (block === undefined) return undefined;
      const beforeMs = this.#atMs;
      this.#failure = this.#read(block, traffic);
      // What was read of a damaged tick counts if its duration is known.
      if (this.#atMs === beforeMs) continue;
      const wallMs = this.#startedMs === null ? undefined : this.#startedMs + this.#atMs;
      return { atMs: this.#atMs, wallMs, node: this.#node, ports: this.#ports };
    }
  }

  #read(
    { type, content, offset }: RecordedBlock,
    traffic: Traffic,
  ): { readonly error: Error } | undefined {
    const from = new PayloadReader(content);
    try {
      if (type === Block.tick) this.#readTick(from, traffic);
      else this.#readOther(type, from);
      return undefined;
    } catch (error) {
      if (error instanceof TooManyFlows) return { error };
      if (!(error instanceof PayloadError)) throw error;
      return { error: new TraceDamaged(this.#file, offset + error.at, error.message) };
    }
  }

  #readOther(type: number, from: PayloadReader): void {
    if (type === Block.start) this.#readStart(from);
    else if (type === Block.ports) this.#readPorts(from);
    else if (type === Block.end) this.#complete = true;
  }

  async #block(): Promise<RecordedBlock | undefined> {
    for (;;) {
      const block = this.#blocks.next();
      if (block !== undefined || this.#ended) return block;
      const { value, done } = await this.#chunks.next();
      if (done === true) {
        this.#ended = true;
        this.#blocks.end();
      } else {
        this.#blocks.push(value);
      }
    }
  }

  #readStart(from: PayloadReader): void {
    const start = json(from);
    if (!isRecordingStart(start)) throw from.error('invalid start block');
    this.#startedMs = start.startedMs;
  }

  #readPorts(from: PayloadReader): void {
    const ports = json(from);
    if (!isPorts(ports)) throw from.error('invalid ports block');
    this.#ports = new Map(ports.map((port): [string, PortInfo] => [port.name, port]));
  }

  #readTick(from: PayloadReader, traffic: Traffic): void {
    const us = from.varint();
    const atMs = this.#atMs + Math.max(us, 1) / 1000;
    this.#tickMs = this.#atMs;
    if (atMs <= MAX_TIME_MS) this.#atMs = atMs;
    else throw from.error('the time of the tick is out of range');
    if (us === 0) throw from.error('the tick has a duration of 0');
    this.#recorded.lostTicks += from.varint();
    this.#readNode(from);
    this.#readMissed(from);
    this.#readGone(from, traffic);
    this.#readNew(from, traffic);
    this.#readChanged(from, traffic);
    this.#readTraffic(from, traffic);
    if (from.left > 0) throw from.error(`the tick has ${from.left} extra bytes`);
  }

  #readNode(from: PayloadReader): void {
    const flags = from.byte();
    const hostCpu = (flags & HOST_CPU) === 0 ? undefined : from.float64();
    const packetCost = (flags & PACKET_COST) === 0 ? undefined : from.float64();
    const r = this.#recorded;
    r.vswitchPackets += from.varint();
    r.vswitchBytes += from.varint();
    r.carriedPackets += from.varint();
    r.carriedBytes += from.varint();
    const portLoad = new Map<string, PortLoad>();
    for (let left = from.count(17); left > 0; left--) {
      const name = this.#flows.name(from);
      const rxBitsPerSecond = from.float64();
      portLoad.set(name, { rxBitsPerSecond, txBitsPerSecond: from.float64() });
    }
    this.#node = { hostCpu, packetCost, portLoad };
  }

  #readMissed(from: PayloadReader): void {
    const r = this.#recorded;
    r.missedFlows += from.varint();
    r.missedPackets += from.varint();
    r.missedBytes += from.varint();
  }

  #readGone(from: PayloadReader, traffic: Traffic): void {
    this.#readSlots(from, 3, (slot) => {
      const flow = this.#flowSlot(slot, from);
      const packets = from.varint();
      traffic.send(flow, packets, from.varint(), this.#atMs);
      traffic.remove(flow);
      this.#slots[slot] = NONE;
    });
  }

  #readNew(from: PayloadReader, traffic: Traffic): void {
    this.#readSlots(from, 20, (slot) => {
      if (slot >= this.#slots.length) this.#grow(slot);
      if (this.#slots[slot] !== NONE) throw from.error(`slot ${slot} already has a flow`);
      const id = this.#flows.id(from);
      if (traffic.slotOf(id) >= 0) throw from.error('the flow already exists');
      this.#slots[slot] = traffic.add({ id, ...this.#flows.flow(from) });
    });
  }

  #readChanged(from: PayloadReader, traffic: Traffic): void {
    this.#readSlots(from, 4, (slot) => {
      const flow = this.#flowSlot(slot, from);
      const { id } = traffic.flowAt(flow);
      traffic.change(flow, { id, ...this.#flows.flow(from) });
    });
  }

  #readTraffic(from: PayloadReader, traffic: Traffic): void {
    this.#readSlots(from, 4, (slot) => {
      const flow = this.#flowSlot(slot, from);
      const packets = from.varint();
      const bytes = from.varint();
      traffic.send(flow, packets, bytes, Math.max(this.#tickMs, this.#atMs - from.varint()));
    });
  }

  /** Reads a list of slots; `one` reads the content of each. */
  #readSlots(from: PayloadReader, min: number, one: (slot: number) => void): void {
    let slot = 0;
    for (let left = from.count(min); left > 0; left--) {
      slot += from.varint();
      if (slot >= MAX_SLOTS) throw from.error(`slot ${slot} is out of range`);
      one(slot);
    }
  }

  #flowSlot(slot: number, from: PayloadReader): number {
    const flow = this.#slots[slot] ?? NONE;
    if (flow === NONE) throw from.error(`slot ${slot} has no flow`);
    return flow;
  }

  #grow(slot: number): void {
    const next = new Int32Array(Math.max(256, (slot + 1) * 2)).fill(NONE);
    next.set(this.#slots);
    this.#slots = next;
  }
}

function json(from: PayloadReader): unknown {
  const text = new TextDecoder().decode(from.bytes(from.left));
  try {
    return JSON.parse(text);
  } catch {
    throw from.error('the block is not valid JSON');
  }
}
