import type { FlowTable, PathTotals } from '../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { Tick } from '../../engine/model/tick.ts';
import { block, joined, jsonBlock } from './blocks.ts';
import { ByteWriter } from './byte-writer.ts';
import { FlowEncoder } from './flow-codec.ts';
import {
  Block,
  HOST_CPU,
  MAGIC,
  MAX_SLOTS,
  PACKET_COST,
  type RecordingStart,
  VERSION,
} from './format.ts';
import { RecordedRows } from './recorded-rows.ts';

/** Flows that are told anew in one tick; the others wait for the next, their traffic with them. */
const MAX_NEW = 2000;

/**
 * Makes a recording of ticks. Its cost is bounded: one pass over the live flows, and a bounded
 * number of new ones described.
 *
 * The first tick is where the recording begins: what flows sent before it is not in it. A tick
 * that cannot be written because the reader is slow is told to `lose`: nothing of it is missing
 * in the next one but its own time, and flows that were there only in between.
 */
export class TickEncoder {
  readonly #rows = new RecordedRows();
  readonly #flows = new FlowEncoder();
  readonly #head = new ByteWriter();
  /** New flows, changed ones, traffic. */
  readonly #lists = [new RowList(), new RowList(), new RowList()] as const;
  #readAtMs: number | undefined;
  /** Of the last tick with fresh flows that was told of. */
  #sequence = 0;
  #ports: PortSnapshot | undefined;
  #lost = 0;
  #totals: PathTotals | undefined;

  /** Ticks that were lost since the last one written. */
  get lost(): number {
    return this.#lost;
  }

  /** What a recording begins with; before the first tick. */
  start(start: RecordingStart): Uint8Array {
    const head = new Uint8Array(MAGIC.length + 1);
    head.set(MAGIC);
    head[MAGIC.length] = VERSION;
    return joined([head, jsonBlock(Block.start, start)]);
  }

  /** Takes note of a tick that is not written. */
  lose(tick: Tick): void {
    if (this.#readAtMs === undefined || !tick.flowsFresh) return;
    this.#follow(tick);
    this.#lost++;
  }

  /** The blocks of a tick; undefined for one that nothing can be said of. */
  encode(tick: Tick): Uint8Array | undefined {
    const { table } = tick;
    if (!tick.flowsFresh || table.readAtMs === this.#readAtMs) return undefined;
    if (this.#readAtMs === undefined) {
      this.#rows.begin(table);
      this.#sequence = tick.sequence;
      this.#noteTime(table);
      return undefined;
    }
    this.#follow(tick);
    // Names are numbered as they are written: in the order in which they will be read.
    const head = this.#head;
    head.clear();
    head.varint(Math.max(1, Math.round((table.readAtMs - this.#readAtMs) * 1000)));
    head.varint(this.#lost);
    this.#node(tick, head);
    const lists = this.#live(table);
    this.#missedAndGone(head);
    this.#noteTime(table);
    this.#lost = 0;
    const ports =
      tick.ports === this.#ports ? [] : [jsonBlock(Block.ports, [...tick.ports.values()])];
    this.#ports = tick.ports;
    return joined([...ports, block(Block.tick, [head.written, ...lists])]);
  }

  /** Takes note of flows that left; a tick before this one may not have been told of. */
  #follow({ sequence, table }: Tick): void {
    this.#rows.markRemoved(table);
    if (sequence !== this.#sequence + 1) this.#rows.sweep(table);
    this.#sequence = sequence;
  }

  #noteTime(table: FlowTable): void {
    this.#readAtMs = table.readAtMs;
    this.#totals = { ...table.totals };
  }

  #node({ node, table }: Tick, to: ByteWriter): void {
    const { hostCpu, packetCost } = node;
    to.byte((hostCpu === undefined ? 0 : HOST_CPU) | (packetCost === undefined ? 0 : PACKET_COST));
    if (hostCpu !== undefined) to.float64(Math.max(0, hostCpu));
    if (packetCost !== undefined) to.float64(Math.max(0, packetCost));
    const now = table.totals;
    const last = this.#totals ?? now;
    to.varint(whole(now.vswitchPackets - last.vswitchPackets));
    to.varint(whole(now.vswitchBytes - last.vswitchBytes));
    to.varint(whole(now.carriedPackets - last.carriedPackets));
    to.varint(whole(now.carriedBytes - last.carriedBytes));
    to.varint(node.portLoad.size);
    for (const [name, { rxBitsPerSecond, txBitsPerSecond }] of node.portLoad) {
      this.#flows.name(name, to);
      to.float64(Math.max(0, rxBitsPerSecond));
      to.float64(Math.max(0, txBitsPerSecond));
    }
  }

  #missedAndGone(to: ByteWriter): void {
    const missed = this.#rows.takeMissed();
    to.varint(missed.flows);
    to.varint(missed.packets);
    to.varint(missed.bytes);
    const gone = this.#rows.takeGone();
    to.varint(gone.length);
    let before = 0;
    for (const { row, packets, bytes } of gone) {
      to.varint(row - before);
      to.varint(packets);
      to.varint(bytes);
      before = row;
    }
  }

  /** The lists of new flows, of changed ones, and of traffic. */
  #live(table: FlowTable): readonly Uint8Array[] {
    const rows = this.#rows;
    const [fresh, changed, traffic] = this.#lists;
    for (const list of this.#lists) list.clear();
    const changedRows: number[] = [];
    rows.follow(table);
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const isOther = rows.meet(table, row);
      const packets = rows.packetsSince(table, row);
      if (!rows.isTold(row)) {
        // Those that cannot be told now are met again in the next tick, with all they sent.
        if (packets === 0 || fresh.count >= MAX_NEW || row >= MAX_SLOTS) continue;
        rows.tell(row);
        this.#flows.id(table.idAt(row), fresh.next(row));
        this.#flow(table, row, fresh.writer);
      } else if (isOther) {
        changedRows.push(row);
      }
      if (packets === 0) continue;
      const to = traffic.next(row);
      to.varint(packets);
      to.varint(rows.bytesSince(table, row));
      to.varint(whole(table.readAtMs - table.traffic.lastActiveMs[row]));
      rows.take(table, row);
    }
    for (const row of changedRows) this.#flow(table, row, changed.next(row));
    return this.#lists.flatMap((list) => list.parts());
  }

  #flow(table: FlowTable, row: number, to: ByteWriter): void {
    this.#flows.flow({ match: table.matchAt(row), actions: table.actionsAt(row) }, to);
  }
}

/** A list of rows, each written as its distance to the one before, and its length. */
class RowList {
  readonly writer = new ByteWriter();
  count = 0;
  #before = 0;

  clear(): void {
    this.writer.clear();
    this.count = 0;
    this.#before = 0;
  }

  /** Where to write what is to be said of the next row. */
  next(row: number): ByteWriter {
    this.writer.varint(row - this.#before);
    this.#before = row;
    this.count++;
    return this.writer;
  }

  parts(): readonly Uint8Array[] {
    const count = new ByteWriter();
    count.varint(this.count);
    return [count.written, this.writer.written];
  }
}

/** Whole units of what has grown; what fell counts as nothing. */
function whole(grown: number): number {
  return Math.max(0, Math.floor(grown));
}
