import { TCP_HEADERS, UDP_HEADERS } from '../../../adapters/emulator/packets.ts';
import { Sfc32 } from '../../../adapters/emulator/random.ts';
import { SizeDistribution } from '../../../adapters/emulator/sizes.ts';
import { ConnectionPlayer, type DrawnKind } from './connection.ts';
import { Expectations } from './expectations.ts';
import type { Input } from './inputs.ts';
import { type ConnectionFlows, PacketsSent } from './packets-sent.ts';
import { MAX_IDLE_MS } from './sightings.ts';
import { type Trace, TraceBuilder, type TraceLength } from './trace.ts';

/** Options of the generator. The same options give the same trace. */
export interface GeneratorOptions extends TraceLength {
  readonly seed: number;
  /** Approximate number of megaflows of the vSwitch. */
  readonly liveFlows: number;
}

/** Generated traffic. */
export interface Generated {
  readonly trace: Trace;
  /**
   * Expected traffic in each window of each flow of a connection that is open at its beginning,
   * given the generator's model and everything drawn so far ({@link Outlook}).
   */
  readonly expected: Trace;
}

/** Connections to simulate, to estimate how long one lasts. */
const PILOT_CONNECTIONS = 400;

/**
 * Generates traffic: connections arrive in a Poisson process, and each has transfers with pauses
 * between them. A TCP connection is two flows, the data and the acknowledgements of every second
 * packet. There is no congestion: only slow start and its peak rate limit a sender.
 */
export function generate(input: Input, options: GeneratorOptions): Generated {
  const random = new Sfc32(options.seed);
  const kinds = input.kinds.map((kind) => ({ kind, sizes: new SizeDistribution(kind.sizes) }));
  const arrivals = kinds.map(({ kind, sizes }) => kind.share / (sizes.mean * kind.transfers));
  const all = arrivals.reduce((sum, rate) => sum + rate, 0);
  const horizonMs = options.windows * options.windowMs;
  const player = new ConnectionPlayer(new Sfc32(random.next()), horizonMs);
  const meanGapMs = connectionGap(kinds, arrivals, player, options.liveFlows);
  const builders = { trace: new TraceBuilder(), expected: new TraceBuilder() };
  const sent = new PacketsSent(builders.trace, options);
  const expectations = new Expectations(builders.expected, options);
  const observers = [sent, expectations];
  let flows = 0;
  /** Service of each flow: a number for each kind and direction. */
  const services: number[] = [];
  for (
    let at = random.exponential(meanGapMs);
    at < horizonMs;
    at += random.exponential(meanGapMs)
  ) {
    const kind = indexAt(arrivals, random.uniform() * all);
    const drawn = kinds[kind];
    const udp = random.uniform() < drawn.kind.udpShare;
    const ids: ConnectionFlows = udp
      ? { data: flows++, acks: undefined, headers: UDP_HEADERS }
      : { data: flows++, acks: flows++, headers: TCP_HEADERS };
    services[ids.data] = 2 * kind;
    if (ids.acks !== undefined) services[ids.acks] = 2 * kind + 1;
    for (const observer of observers) observer.belongsTo(ids);
    player.play(drawn, at, observers);
  }
  const { windowMs, windows, warmUpWindows } = options;
  const length = { windowMs, windows, warmUpWindows };
  const serviceOf = Uint16Array.from(services);
  return {
    trace: builders.trace.build(length, flows, serviceOf),
    expected: builders.expected.build(length, flows, serviceOf),
  };
}

/** Mean time between two connections for the requested number of live flows, ms. */
function connectionGap(
  kinds: readonly DrawnKind[],
  arrivals: readonly number[],
  player: ConnectionPlayer,
  liveFlows: number,
): number {
  const all = arrivals.reduce((sum, rate) => sum + rate, 0);
  let flowMs = 0;
  kinds.forEach((drawn, index) => {
    let sum = 0;
    for (let i = 0; i < PILOT_CONNECTIONS; i++) sum += player.play(drawn, 0, []) + MAX_IDLE_MS;
    const flows = 2 - drawn.kind.udpShare;
    flowMs += (arrivals[index] / all) * flows * (sum / PILOT_CONNECTIONS);
  });
  // Little's law: live flows = flows per ms x lifetime of a flow in ms.
  return flowMs / liveFlows;
}

/** Index of the kind for `at`, uniform in [0, sum of `rates`). */
function indexAt(rates: readonly number[], at: number): number {
  let below = 0;
  for (let i = 0; i < rates.length - 1; i++) {
    below += rates[i];
    if (at < below) return i;
  }
  return rates.length - 1;
}
