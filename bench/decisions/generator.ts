import { SEGMENT, TCP_HEADERS, UDP_HEADERS } from '../../adapters/emulator/packets.ts';
import { Sfc32 } from '../../adapters/emulator/random.ts';
import { SizeDistribution } from '../../adapters/emulator/sizes.ts';
import type { Input, Kind } from './inputs.ts';
import { MAX_IDLE_MS } from './sightings.ts';
import { TransferCurve } from './tcp-transfer.ts';
import { type Trace, TraceBuilder, type TraceLength } from './trace.ts';
import { WindowSum } from './window-sum.ts';

/** What traffic to make. Same options, same trace. */
export interface GeneratorOptions extends TraceLength {
  readonly seed: number;
  /** Megaflows that the vSwitch is to have at a time, about. */
  readonly liveFlows: number;
}

/** As the emulator draws them: senders differ, log-uniformly between these. */
const RTT_MS = [0.5, 8] as const;
const PEAK_BITS_PER_SECOND = [50e6, 2e9] as const;
/** Connections that are played through to learn how long one lasts. */
const PILOT_CONNECTIONS = 400;

/**
 * Makes traffic: connections arrive in a Poisson process, each makes transfers with pauses
 * between them. A TCP connection is two flows, the data and the acknowledgements of every second
 * packet. Nothing is congested: a sender is held back by its slow start and its peak alone.
 */
export function generate(input: Input, options: GeneratorOptions): Trace {
  const random = new Sfc32(options.seed);
  const kinds = input.kinds.map((kind) => ({ kind, sizes: new SizeDistribution(kind.sizes) }));
  const arrivals = kinds.map(({ kind, sizes }) => kind.share / (sizes.mean * kind.transfers));
  const all = arrivals.reduce((sum, rate) => sum + rate, 0);
  const horizonMs = options.windows * options.windowMs;
  const connection = new Connection(new Sfc32(random.next()), horizonMs);
  const meanGapMs = connectionGap(kinds, arrivals, connection, options.liveFlows);
  const builder = new TraceBuilder();
  const data = new WindowSum(builder, options);
  const acks = new WindowSum(builder, options);
  let flows = 0;
  for (
    let at = random.exponential(meanGapMs);
    at < horizonMs;
    at += random.exponential(meanGapMs)
  ) {
    const { kind, sizes } = kinds[drawn(arrivals, random.uniform() * all)];
    const udp = random.uniform() < kind.udpShare;
    data.start(flows++);
    if (!udp) acks.start(flows++);
    connection.play(kind, sizes, at, udp ? UDP_HEADERS : TCP_HEADERS, data, udp ? undefined : acks);
    data.end();
    if (!udp) acks.end();
  }
  return builder.build(lengthOf(options), flows);
}

interface DrawnKind {
  readonly kind: Kind;
  readonly sizes: SizeDistribution;
}

function lengthOf({ windowMs, windows, warmUpWindows }: TraceLength): TraceLength {
  return { windowMs, windows, warmUpWindows };
}

/** Mean time between two connections that makes the number of live flows what it is to be, ms. */
function connectionGap(
  kinds: readonly DrawnKind[],
  arrivals: readonly number[],
  connection: Connection,
  liveFlows: number,
): number {
  const all = arrivals.reduce((sum, rate) => sum + rate, 0);
  let flowMs = 0;
  kinds.forEach(({ kind, sizes }, index) => {
    let sum = 0;
    for (let i = 0; i < PILOT_CONNECTIONS; i++) {
      sum += connection.play(kind, sizes, 0, 0, undefined, undefined) + MAX_IDLE_MS;
    }
    const flows = 2 - kind.udpShare;
    flowMs += (arrivals[index] / all) * flows * (sum / PILOT_CONNECTIONS);
  });
  // Little's law: flows that are there = flows a ms x ms that each stays.
  return flowMs / liveFlows;
}

/** Plays connections through, one at a time. */
class Connection {
  readonly #random: Sfc32;
  readonly #horizonMs: number;
  readonly #curve = new TransferCurve();

  constructor(random: Sfc32, horizonMs: number) {
    this.#random = random;
    this.#horizonMs = horizonMs;
  }

  /** Plays one that opens at `startMs`; returns when it has sent its last, ms. */
  play(
    kind: Kind,
    sizes: SizeDistribution,
    startMs: number,
    headers: number,
    data: WindowSum | undefined,
    acks: WindowSum | undefined,
  ): number {
    const random = this.#random;
    const transfers = random.geometric(kind.transfers);
    const pauseMs = kind.pauseMs[0] === 0 ? 0 : random.logUniform(...kind.pauseMs);
    const peak = random.logUniform(...PEAK_BITS_PER_SECOND) / 8_000;
    this.#curve.set(random.logUniform(...RTT_MS), peak);
    let at = startMs;
    let end = startMs;
    for (let n = 0; n < transfers && at < this.#horizonMs; n++) {
      const size = sizes.quantile(random.uniform());
      end = at + this.#curve.timeOf(size);
      if (data !== undefined) this.#send(at, end, size, headers, data, acks);
      at = end + random.exponential(pauseMs);
    }
    return Math.min(end, this.#horizonMs);
  }

  /** Sends one transfer: whole segments as their bytes have been sent, the rest at its end. */
  #send(
    startMs: number,
    endMs: number,
    size: number,
    headers: number,
    data: WindowSum,
    acks: WindowSum | undefined,
  ): void {
    const until = Math.min(endMs, this.#horizonMs);
    let payload = 0;
    let segments = 0;
    let acknowledged = 0;
    for (let at = startMs; at < until; ) {
      const next = Math.min(until, data.endOfWindow(at));
      const done = next >= endMs;
      const sent = this.#curve.sentAt(next - startMs);
      const nowSegments = done ? Math.ceil(size / SEGMENT) : Math.floor(sent / SEGMENT);
      const nowPayload = done ? size : Math.min(size, nowSegments * SEGMENT);
      const nowAcks = done ? Math.ceil(nowSegments / 2) : nowSegments >> 1;
      const packets = nowSegments - segments;
      if (packets > 0) {
        const last = done ? endMs : startMs + this.#curve.timeOf(nowPayload);
        data.add(at, nowPayload - payload + packets * headers, packets, last);
        const answers = nowAcks - acknowledged;
        if (answers > 0) acks?.add(at, answers * TCP_HEADERS, answers, last);
      }
      payload = nowPayload;
      segments = nowSegments;
      acknowledged = nowAcks;
      at = next;
    }
  }
}

/** Index of the kind that `at`, uniform in [0, sum of `rates`), falls on. */
function drawn(rates: readonly number[], at: number): number {
  let below = 0;
  for (let i = 0; i < rates.length - 1; i++) {
    below += rates[i];
    if (at < below) return i;
  }
  return rates.length - 1;
}
