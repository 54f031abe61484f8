import { SEGMENT, TCP_HEADERS } from '../../../adapters/emulator/packets.ts';
import type { ConnectionObserver, ConnectionTraits } from './connection.ts';
import type { TransferCurve } from './tcp-transfer.ts';
import type { TraceBuilder, TraceLength } from './trace.ts';
import { WindowSum } from './window-sum.ts';

/** Flows of a connection. */
export interface ConnectionFlows {
  readonly data: number;
  /** The flow of the acknowledgements; undefined over UDP. */
  readonly acks: number | undefined;
  /** Bytes of headers before the payload. */
  readonly headers: number;
}

/**
 * Adds the traffic of a connection to a trace: its data, and an acknowledgement of every second
 * packet.
 */
export class PacketsSent implements ConnectionObserver {
  readonly #data: WindowSum;
  readonly #acks: WindowSum;
  readonly #horizonMs: number;
  #flows: ConnectionFlows = { data: 0, acks: undefined, headers: 0 };
  #curve: TransferCurve | undefined;

  constructor(builder: TraceBuilder, length: TraceLength) {
    this.#data = new WindowSum(builder, length);
    this.#acks = new WindowSum(builder, length);
    this.#horizonMs = length.windows * length.windowMs;
  }

  /** Sets the flows of the next connection. */
  belongsTo(flows: ConnectionFlows): void {
    this.#flows = flows;
  }

  opened({ curve }: ConnectionTraits): void {
    this.#curve = curve;
    this.#data.start(this.#flows.data);
    this.#acks.start(this.#flows.acks ?? 0);
  }

  closed(): void {
    this.#data.end();
    this.#acks.end();
  }

  /** Counts whole segments when their bytes are sent, and the rest at the transfer's end. */
  transferred(startMs: number, endMs: number, size: number): void {
    const curve = this.#curve;
    if (curve === undefined) return;
    const { acks, headers } = this.#flows;
    const until = Math.min(endMs, this.#horizonMs);
    let payload = 0;
    let segments = 0;
    let acknowledged = 0;
    for (let at = startMs; at < until; ) {
      const next = Math.min(until, this.#data.endOfWindow(at));
      const done = next >= endMs;
      const sent = curve.sentAt(next - startMs);
      const nowSegments = done ? Math.ceil(size / SEGMENT) : Math.floor(sent / SEGMENT);
      const nowPayload = done ? size : Math.min(size, nowSegments * SEGMENT);
      const nowAcks = done ? Math.ceil(nowSegments / 2) : nowSegments >> 1;
      const packets = nowSegments - segments;
      if (packets > 0) {
        const last = done ? endMs : startMs + curve.timeOf(nowPayload);
        this.#data.add(at, nowPayload - payload + packets * headers, packets, last);
        const answers = nowAcks - acknowledged;
        if (answers > 0 && acks !== undefined) {
          this.#acks.add(at, answers * TCP_HEADERS, answers, last);
        }
      }
      payload = nowPayload;
      segments = nowSegments;
      acknowledged = nowAcks;
      at = next;
    }
  }
}
