import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { flowMatch } from '../../simulation/flow-match.ts';
import { grown } from '../../engine/model/columns.ts';
import type { FlowActions } from '../../engine/model/action.ts';
import type { FlowId } from '../../engine/model/flow-id.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { TimedTrace } from '../input/timed-feed.ts';
import type { Traffic } from '../input/traffic.ts';
import type { FlowRecord } from './flow-record.ts';
import { OUT_PORT, UnknownPorts } from './unknown-ports.ts';

const ACTIONS: FlowActions = [{ kind: 'output', port: OUT_PORT }];
const UDP = 17;
const TCP = 6;

/** A record whose packets are on their way. */
interface Sending {
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
  readonly #ports = new UnknownPorts();
  /** Records with packets to come, and when the next one of each is sent, ms, by their place. */
  readonly #sending: Sending[] = [];
  #dueMs = new Float64Array(1024);
  #batch: readonly FlowRecord[] = [];
  #at = 0;
  #ended = false;

  /** @param batches by start, as flowRecordBatches gives them */
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
    for (let i = 0; i < this.#sending.length; i++) next = Math.min(next, this.#dueMs[i]);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  async play(untilMs: number, traffic: Traffic): Promise<void> {
    try {
      for (;;) {
        const record = this.#batch[this.#at] ?? (await this.#peek());
        if (record === undefined || record.startMs >= untilMs) break;
        this.#at++;
        if (record.packets === 0) continue;
        this.#begin(record);
      }
    } finally {
      // Also where the file cannot be read on: what was read is played.
      this.#send(untilMs, traffic);
    }
  }

  async #peek(): Promise<FlowRecord | undefined> {
    while (this.#at >= this.#batch.length && !this.#ended) {
      const { value, done } = await this.#batches.next();
      this.#ended = done === true;
      this.#batch = done === true ? [] : value;
      this.#at = 0;
    }
    return this.#batch[this.#at];
  }

  #begin(record: FlowRecord): void {
    const place = this.#sending.push({ record, id: idOf(record), packets: 0, bytes: 0 }) - 1;
    if (place >= this.#dueMs.length) {
      this.#dueMs = grown(this.#dueMs, new Float64Array(place * 2));
    }
    this.#dueMs[place] = record.startMs;
  }

  #send(untilMs: number, traffic: Traffic): void {
    const all = this.#sending;
    const due = this.#dueMs;
    for (let i = 0; i < all.length; ) {
      // Most have nothing to send in most ticks: only their time is looked at.
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
        this.#slot(sending, traffic),
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

  #slot({ record, id }: Sending, traffic: Traffic): number {
    const slot = traffic.slotOf(id);
    return slot >= 0 ? slot : traffic.add(this.#flow(record, id));
  }

  #flow(record: FlowRecord, id: FlowId): FlowSpec {
    const { slice } = record;
    const inPort = this.#ports.named(slice === undefined ? 'in' : `in-${slice}`, slice);
    const headers = headersOf(record);
    const match = flowMatch({ inPort, outPorts: [OUT_PORT], headers, opaque: false });
    return { id, match, actions: ACTIONS };
  }
}

/** When the packet with this number, from 0, is sent, ms. */
function timeOf({ startMs, durationMs, packets }: FlowRecord, number: number): number {
  return packets === 1 ? startMs : startMs + durationMs * (number / (packets - 1));
}

/** Packets that are sent before a time. */
function packetsBefore({ startMs, durationMs, packets }: FlowRecord, untilMs: number): number {
  if (startMs >= untilMs) return 0;
  if (startMs + durationMs < untilMs) return packets;
  const share = (untilMs - startMs) / durationMs;
  return Math.min(packets - 1, Math.ceil(share * (packets - 1)));
}

/** The hash of what tells the flow; a record without addresses is a flow of its own. */
function idOf({ src, dst, proto, sport, dport, slice, line }: FlowRecord): FlowId {
  const own = src === undefined && dst === undefined ? line : undefined;
  const text = JSON.stringify([src, dst, proto, sport, dport, slice, own]);
  const hash = createHash('sha256').update(text).digest();
  return {
    w0: hash.readUInt32BE(0),
    w1: hash.readUInt32BE(4),
    w2: hash.readUInt32BE(8),
    w3: hash.readUInt32BE(12),
  };
}

/** Facts of the headers, as policies name them. */
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
