import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { flowMatch } from '../../simulation/flow-match.ts';
import { copied } from '../../engine/model/columns.ts';
import type { FlowActions } from '../../engine/model/action.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { TimedTrace } from '../input/timed-feed.ts';
import type { Traffic } from '../input/traffic.ts';
import type { FlowRecord } from './flow-record.ts';
import { OUT_PORT, TracePorts } from './trace-ports.ts';

const ACTIONS: FlowActions = [{ kind: 'output', port: OUT_PORT }];
const UDP = 17;
const TCP = 6;

/** A record of which packets are still to be sent. */
interface ActiveRecord {
  readonly record: FlowRecord;
  readonly id: FlowId;
  packets: number;
  bytes: number;
}

/**
 * Flow records, each spread evenly over its duration: its first packet at its start, its last at
 * its end. Records of the same addresses, protocol, ports and slice are one flow.
 */
export class RecordTrace implements TimedTrace {
  readonly format = 'csv';
  readonly #batches: AsyncIterator<readonly FlowRecord[]>;
  readonly #ports = new TracePorts();
  /** Records with packets still to send and, by the same index, the time of the next one, ms. */
  readonly #active: ActiveRecord[] = [];
  #dueMs = new Float64Array(1024);
  #batch: readonly FlowRecord[] = [];
  #next = 0;
  #ended = false;

  /** @param batches in the order of starts, as from flowRecordBatches */
  constructor(batches: AsyncIterable<readonly FlowRecord[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  ports(): PortSnapshot {
    return this.#ports.snapshot;
  }

  notes(): readonly string[] {
    return [];
  }

  async nextMs(): Promise<number | undefined> {
    let next = (await this.#peek())?.startMs ?? Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#active.length; i++) next = Math.min(next, this.#dueMs[i]);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  async play(untilMs: number, traffic: Traffic): Promise<void> {
    try {
      for (;;) {
        const record = this.#batch[this.#next] ?? (await this.#peek());
        if (record === undefined || record.startMs >= untilMs) break;
        this.#next++;
        if (record.packets === 0) continue;
        this.#activate(record);
      }
    } finally {
      // If reading fails, the records read before are still played.
      this.#sendDue(untilMs, traffic);
    }
  }

  async #peek(): Promise<FlowRecord | undefined> {
    while (this.#next >= this.#batch.length && !this.#ended) {
      const { value, done } = await this.#batches.next();
      this.#ended = done === true;
      this.#batch = done === true ? [] : value;
      this.#next = 0;
    }
    return this.#batch[this.#next];
  }

  #activate(record: FlowRecord): void {
    const index = this.#active.push({ record, id: idOf(record), packets: 0, bytes: 0 }) - 1;
    if (index >= this.#dueMs.length) {
      this.#dueMs = copied(this.#dueMs, new Float64Array(index * 2));
    }
    this.#dueMs[index] = record.startMs;
  }

  #sendDue(untilMs: number, traffic: Traffic): void {
    const all = this.#active;
    const due = this.#dueMs;
    for (let i = 0; i < all.length; ) {
      // Most records have nothing to send in most ticks, so only the time column is read.
      if (due[i] >= untilMs) {
        i++;
        continue;
      }
      const sending = all[i];
      const { record } = sending;
      const packets = Math.max(sending.packets + 1, packetsBefore(record, untilMs));
      const bytes = Math.round(record.bytes * (packets / record.packets));
      const lastMs = timeOf(record, packets - 1);
      traffic.send(
        this.#slotFor(sending, traffic),
        packets - sending.packets,
        bytes - sending.bytes,
        lastMs,
      );
      sending.packets = packets;
      sending.bytes = bytes;
      if (packets < record.packets) {
        due[i++] = timeOf(record, packets);
        continue;
      }
      const last = all.pop();
      if (last === undefined || last === sending) break;
      all[i] = last;
      due[i] = due[all.length];
    }
  }

  #slotFor({ record, id }: ActiveRecord, traffic: Traffic): number {
    const slot = traffic.slotOf(id);
    return slot >= 0 ? slot : traffic.add(this.#flowOf(record, id));
  }

  #flowOf(record: FlowRecord, id: FlowId): FlowSpec {
    const { slice } = record;
    const inPort = this.#ports.ensure(slice === undefined ? 'in' : `in-${slice}`, slice);
    const headers = headersOf(record);
    const match = flowMatch({ inPort, outPorts: [OUT_PORT], headers, opaque: false });
    return { id, match, actions: ACTIONS };
  }
}

/** Time of the packet with this number (from 0), ms. */
function timeOf({ startMs, durationMs, packets }: FlowRecord, number: number): number {
  return packets === 1 ? startMs : startMs + durationMs * (number / (packets - 1));
}

/** Number of packets sent before a time. */
function packetsBefore({ startMs, durationMs, packets }: FlowRecord, untilMs: number): number {
  if (startMs >= untilMs) return 0;
  if (startMs + durationMs < untilMs) return packets;
  const share = (untilMs - startMs) / durationMs;
  return Math.min(packets - 1, Math.ceil(share * (packets - 1)));
}

/** Hash of what identifies the flow; a record without addresses is a separate flow. */
function idOf({ src, dst, proto, sport, dport, slice, line }: FlowRecord): FlowId {
  const uniqueLine = src === undefined && dst === undefined ? line : undefined;
  const text = JSON.stringify([src, dst, proto, sport, dport, slice, uniqueLine]);
  const hash = createHash('sha256').update(text).digest();
  return {
    w0: hash.readUInt32BE(0),
    w1: hash.readUInt32BE(4),
    w2: hash.readUInt32BE(8),
    w3: hash.readUInt32BE(12),
  };
}

/** Header facts by their names in policies. */
function headersOf({ src, dst, proto, sport, dport }: FlowRecord): Record<string, unknown> {
  const headers: Record<string, unknown> = {};
  const v6 = [src, dst].some((address) => address !== undefined && !isIPv4(address));
  const same = (address: string): boolean => isIPv4(address) !== v6;
  if (src !== undefined && same(src)) headers[v6 ? 'ipv6Src' : 'ipv4Src'] = src;
  if (dst !== undefined && same(dst)) headers[v6 ? 'ipv6Dst' : 'ipv4Dst'] = dst;
  if (proto !== undefined) headers.ipProto = proto;
  const transport = proto === TCP ? 'tcp' : proto === UDP ? 'udp' : undefined;
  if (transport !== undefined && sport !== undefined) headers[`${transport}Src`] = sport;
  if (transport !== undefined && dport !== undefined) headers[`${transport}Dst`] = dport;
  return headers;
}
