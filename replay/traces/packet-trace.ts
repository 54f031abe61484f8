import type { FlowActions } from '../../engine/model/action.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import type { TimedTrace } from '../input/timed-feed.ts';
import type { Traffic } from '../input/traffic.ts';
import { blankPacket, type CaptureReader } from '../input/capture.ts';
import { PacketKey } from './packet-key.ts';
import type { TraceSource } from '../input/source.ts';
import { OUT_PORT, TracePorts } from './trace-ports.ts';

const ACTIONS: FlowActions = [{ kind: 'output', port: OUT_PORT }];

/** The packets of a capture, each assigned to the flow of its headers ({@link PacketKey}). */
export class PacketTrace implements TimedTrace {
  readonly format: CaptureReader['format'];
  readonly #reader: CaptureReader;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #packet = blankPacket();
  readonly #key = new PacketKey();
  readonly #ports = new TracePorts();
  /** True while `#packet` holds a packet that has not been played. */
  #pending = false;
  #ended = false;
  #playedMs = Number.NEGATIVE_INFINITY;
  #late = 0;

  constructor(source: TraceSource, reader: CaptureReader) {
    this.format = reader.format;
    this.#reader = reader;
    this.#chunks = source.chunks[Symbol.asyncIterator]();
  }

  ports(): PortSnapshot {
    return this.#ports.snapshot;
  }

  notes(): readonly string[] {
    if (this.#late === 0) return [];
    return [
      `${this.#late} packets are out of order; they count in the tick in which they were read`,
    ];
  }

  async nextMs(): Promise<number | undefined> {
    if (!this.#pending && !this.#ended) await this.#fetch();
    return this.#pending ? Math.max(this.#packet.atMs, this.#playedMs) : undefined;
  }

  async play(untilMs: number, traffic: Traffic): Promise<void> {
    const packet = this.#packet;
    for (;;) {
      // Most packets are already in the buffer, so there is an await only for each chunk of the file.
      if (!this.#pending && !this.#reader.next(packet)) await this.#fetch();
      else this.#pending = true;
      if (!this.#pending) break;
      if (packet.atMs >= untilMs) break;
      this.#send(traffic);
      this.#pending = false;
    }
    this.#playedMs = untilMs;
  }

  async #fetch(): Promise<void> {
    while (!this.#ended && !this.#reader.next(this.#packet)) {
      const { value, done } = await this.#chunks.next();
      if (done === true) {
        this.#ended = true;
        this.#reader.end();
        return;
      }
      this.#reader.push(value);
    }
    this.#pending = !this.#ended;
  }

  #send(traffic: Traffic): void {
    const { data, from, to, link, iface, wireBytes, atMs } = this.#packet;
    const key = this.#key;
    key.read(data, from, to, link, iface);
    const { w0, w1, w2, w3 } = key;
    let slot = traffic.find(w0, w1, w2, w3);
    if (slot < 0) {
      const match = key.match(this.#ports.ensure(this.#reader.interfaceName(iface)));
      slot = traffic.add({ id: { w0, w1, w2, w3 }, match, actions: ACTIONS });
    }
    if (atMs < this.#playedMs) this.#late++;
    traffic.send(slot, 1, wireBytes, Math.max(atMs, this.#playedMs));
  }
}
