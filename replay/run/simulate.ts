import { timeSlicedYield } from '../../async/yield-to-event-loop.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import type { TraceFeed } from '../input/feed.ts';
import { type NodeOptions, PolicyRun } from './policy-run.ts';
import { TooManyFlows, TraceError } from '../input/trace-error.ts';
import { Traffic } from '../input/traffic.ts';

/** Policies to try, under a name for the report. */
export interface Candidate {
  readonly name: string;
  readonly policies: PolicySet;
}

/** How a trace is replayed. */
export interface SimulationOptions extends NodeOptions {
  /** At least one; all see the same ticks. */
  readonly candidates: readonly Candidate[];
  /** Time of the trace after which it is given up, ms; Infinity: all of it. */
  readonly forMs: number;
  /** Called every now and then with the time of the trace played so far, ms. */
  readonly onProgress?: (playedMs: number) => void;
}

/** What came of it. */
export interface SimulationResult {
  readonly runs: readonly PolicyRun[];
  readonly traffic: Traffic;
  readonly ticks: number;
  /** Time of the trace's start, ms since 1970, where it tells; and how much of it was played, ms. */
  readonly startWallMs: number | undefined;
  readonly playedMs: number;
  /** True when the trace tells what a packet through the vSwitch costs. */
  readonly costMeasured: boolean;
  /** Why the trace was not read to its end; what came before it is in the figures. */
  readonly failure: TraceError | TooManyFlows | undefined;
}

/** Real time after which others get a turn, ms. */
const TURN_MS = 20;

/**
 * Plays a trace on one simulated node for each candidate, side by side. The same trace and options
 * give the same result: time is the trace's, and nothing depends on the machine's.
 *
 * Rejects as `signal` aborts. What is wrong with the trace is part of the result.
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
  const yieldToEventLoop = timeSlicedYield({ sliceMs: TURN_MS });
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
    traffic.clear();
    nowMs = next.tick.atMs;
    ticks++;
    const pausing = yieldToEventLoop();
    if (pausing === undefined) continue;
    options.onProgress?.(nowMs - feed.startMs());
    await pausing;
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
