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

/** Maximum of new flows in one tick; the others follow in later ticks, with all their traffic. */
const MAX_NEW = 2000;

/**
 * Encodes ticks into a recording. The cost per tick is bounded: one pass over the live flows, and
 * a bounded number of new flows.
 *
 * The recording starts at the first tick, without what flows sent before it. Call `markLost` for a
 * tick that cannot be written because the reader is slow: the next tick then includes its traffic,
 * except for flows that existed only in between. Dispose it at the end of the recording.
 */
export class TickEncoder implements Disposable {
  readonly #rows = new RecordedRows();
  readonly #flows = new FlowEncoder();
  readonly #head = new ByteWriter();
  /** New flows, changed ones, traffic. */
  readonly #lists = [new RowList(), new RowList(), new RowList()] as const;
  #readAtMs: number | undefined;
  /** Sequence of the last tick with fresh flows. */
  #sequence = 0;
  #ports: PortSnapshot | undefined;
  #lost = 0;
  #totals: PathTotals | undefined;

  /** Ticks lost since the last encoded tick. */
  get lost(): number {
    return this.#lost;
  }

  /** Header and start block; to be written before the first tick. */
  start(start: RecordingStart): Uint8Array {
    const head = new Uint8Array(MAGIC.length + 1);
    head.set(MAGIC);
    head[MAGIC.length] = VERSION;
    return joined([head, jsonBlock(Block.start, start)]);
  }

  /** Accounts for a tick that is not written. */
  markLost(tick: Tick): void {
    if (this.#readAtMs === undefined || !tick.flowsFresh) return;
    this.#follow(tick);
    this.#lost++;
  }

  /** The blocks of a tick; undefined for the first tick and for one without a new reading. */
  encode(tick: Tick): Uint8Array | undefined {
    const { table } = tick;
    if (!tick.flowsFresh || table.readAtMs === this.#readAtMs) return undefined;
    if (this.#readAtMs === undefined) {
      this.#rows.startFrom(table);
      this.#sequence = tick.sequence;
      this.#noteTime(table);
      return undefined;
    }
    this.#follow(tick);
    // Names are numbered in the order of writing, so the parts must be encoded in that order.
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

  [Symbol.dispose](): void {
    this.#rows[Symbol.dispose]();
  }

  /** Marks removed flows; a gap in the sequence means that ticks were missed. */
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
    to.varint(increase(now.vswitchPackets - last.vswitchPackets));
    to.varint(increase(now.vswitchBytes - last.vswitchBytes));
    to.varint(increase(now.carriedPackets - last.carriedPackets));
    to.varint(increase(now.carriedBytes - last.carriedBytes));
    to.varint(node.portLoad.size);
    for (const [name, { rxBitsPerSecond, txBitsPerSecond }] of node.portLoad) {
      this.#flows.name(name, to);
      to.float64(Math.max(0, rxBitsPerSecond));
      to.float64(Math.max(0, txBitsPerSecond));
    }
  }

  #missedAndGone(to: ByteWriter): void {
    const missed = this.#rows.drainMissed();
    to.varint(missed.flows);
    to.varint(missed.packets);
    to.varint(missed.bytes);
    const gone = this.#rows.drainGone();
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
    const [added, changed, traffic] = this.#lists;
    for (const list of this.#lists) list.clear();
    const changedRows: number[] = [];
    rows.follow(table);
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      const hasChanged = rows.updateRow(table, row);
      const packets = rows.packetsSince(table, row);
      if (!rows.isRecorded(row)) {
        // A flow that is not recorded now is considered again in the next tick, with all it sent.
        if (packets === 0 || added.count >= MAX_NEW || row >= MAX_SLOTS) continue;
        rows.markRecorded(row);
        this.#flows.id(table.idAt(row), added.next(row));
        this.#flow(table, row, added.writer);
      } else if (hasChanged) {
        changedRows.push(row);
      }
      if (packets === 0) continue;
      const to = traffic.next(row);
      to.varint(packets);
      to.varint(rows.bytesSince(table, row));
      to.varint(increase(table.readAtMs - table.traffic.lastActiveMs[row]));
      rows.markCounted(table, row);
    }
    for (const row of changedRows) this.#flow(table, row, changed.next(row));
    return this.#lists.flatMap((list) => list.parts());
  }

  #flow(table: FlowTable, row: number, to: ByteWriter): void {
    this.#flows.flow({ match: table.matchAt(row), actions: table.actionsAt(row) }, to);
  }
}

/** An encoded list of rows: its length, and each row as the difference to the one before. */
class RowList {
  readonly writer = new ByteWriter();
  count = 0;
  #before = 0;

  clear(): void {
    this.writer.clear();
    this.count = 0;
    this.#before = 0;
  }

  /** Starts the next row; returns the writer for its content. */
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

/** Rounds an increase down to whole units; a decrease is 0. */
function increase(grown: number): number {
  return Math.max(0, Math.floor(grown));
}
