import { timeSlicedYield } from '../../async/yield-to-event-loop.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import type { TraceFeed } from '../input/feed.ts';
import { type NodeOptions, PolicyRun } from './policy-run.ts';
import { TooManyFlows, TraceError } from '../input/trace-error.ts';
import { Traffic } from '../input/traffic.ts';

/** A set of policies with its name in the report. */
export interface Candidate {
  readonly name: string;
  readonly policies: PolicySet;
}

/** Options of a replay. */
export interface SimulationOptions extends NodeOptions {
  /** One or more; all get the same ticks. */
  readonly candidates: readonly Candidate[];
  /** Trace time after which the replay stops, ms; Infinity: the whole trace. */
  readonly forMs: number;
  /** Called at intervals with the trace time played so far, ms. */
  readonly onProgress?: (playedMs: number) => void;
}

/** Result of a replay. */
export interface SimulationResult {
  readonly runs: readonly PolicyRun[];
  readonly traffic: Traffic;
  readonly ticks: number;
  /** Start of the trace, ms since 1970, undefined if unknown; trace time played, ms. */
  readonly startWallMs: number | undefined;
  readonly playedMs: number;
  /** True if the trace contains the cost of a packet on the vSwitch. */
  readonly costMeasured: boolean;
  /** Why reading the trace failed; the figures contain everything before. */
  readonly failure: TraceError | TooManyFlows | undefined;
}

/** Real time between yields to the event loop, ms. */
const SLICE_MS = 20;

/**
 * Plays a trace on one simulated node per candidate. The result depends only on the trace and the
 * options: time is trace time.
 *
 * Rejects when `signal` aborts. An error in the trace is part of the result.
 */
export async function simulate(
  feed: TraceFeed,
  options: SimulationOptions,
  signal: AbortSignal,
): Promise<SimulationResult> {
  const traffic = new Traffic();
  const runs = options.candidates.map((c) => new PolicyRun(c.name, c.policies, options));
  let ticks = 0;
  let costMeasured = false;
  let nowMs: number | undefined;
  let startWallMs: number | undefined;
  let failure: SimulationResult['failure'];
  const yieldToEventLoop = timeSlicedYield({ sliceMs: SLICE_MS });
  while (nowMs === undefined || nowMs - feed.startMs() < options.forMs) {
    signal.throwIfAborted();
    const next = await nextTick(feed, traffic);
    if (next.failure !== undefined) failure = next.failure;
    if (next.tick === undefined) break;
    if (nowMs === undefined) {
      for (const run of runs) await run.start(feed.startMs());
      const { wallMs, atMs } = next.tick;
      startWallMs = wallMs === undefined ? undefined : wallMs - (atMs - feed.startMs());
    }
    for (const run of runs) await run.tick(next.tick, traffic, signal);
    costMeasured ||= next.tick.node.packetCost !== undefined;
    traffic.endTick();
    nowMs = next.tick.atMs;
    ticks++;
    const yielding = yieldToEventLoop();
    if (yielding === undefined) continue;
    options.onProgress?.(nowMs - feed.startMs());
    await yielding;
  }
  const playedMs = nowMs === undefined ? 0 : nowMs - feed.startMs();
  return { runs, traffic, ticks, startWallMs, playedMs, costMeasured, failure };
}

async function nextTick(feed: TraceFeed, traffic: Traffic) {
  try {
    return { tick: await feed.next(traffic), failure: undefined };
  } catch (error) {
    if (!(error instanceof TraceError) && !(error instanceof TooManyFlows)) throw error;
    return { tick: undefined, failure: error };
  }
}
