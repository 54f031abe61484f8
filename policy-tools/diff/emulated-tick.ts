import { setImmediate } from 'node:timers/promises';
import { EmulatedNode } from '../../adapters/emulator/node.ts';
import { Engine } from '../../engine/loop/engine.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { RuleContext, RuleEvaluator } from '../../engine/ports/rule-evaluator.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import { NodeMeter } from '../../telemetry/node-meter.ts';
import { updateRates } from '../../telemetry/rates.ts';
import { createEvaluator } from '../../policy/compiled/create-evaluator.ts';
import { AUDIT_MS, SMOOTHING_MS } from '../../engine/loop/defaults.ts';
import { decideTick, type SimulatedTick } from '../../simulation/decide-tick.ts';
import { DEFAULT_PLANNER } from '../../simulation/settings.ts';
import { SimulatedClock } from '../../simulation/simulated-clock.ts';
import {
  diffOf,
  type PolicyDiff,
  copyRequests,
  type PlacementRequests,
  requestsOf,
} from './diff.ts';

/** Settings of the emulated node. */
export interface EmulatedTickOptions {
  /** The same seed gives the same tick. */
  readonly seed: number;
  /** Simulated time for which the first set of policies is in force before the tick, ms. */
  readonly forMs: number;
  readonly entries: number;
  /** Offered load as a share of the rate of both NIC ports, 0 to 1. */
  readonly load: number;
  /** Wall clock at the tick, ms since 1970. */
  readonly wallMs: number;
}

const TICK_MS = 250;

/**
 * Compares two sets of policies on a tick of an emulated node on which the first set was in force
 * before.
 */
export async function diffOnEmulatedTick(
  before: PolicySet,
  after: PolicySet,
  options: EmulatedTickOptions,
  signal: AbortSignal,
): Promise<PolicyDiff> {
  const clock = new SimulatedClock();
  const node = new EmulatedNode({
    seed: options.seed,
    clock,
    load: options.load,
    tableEntries: options.entries,
  });
  using evaluatorBefore = createEvaluator(before, clock);
  using evaluatorAfter = createEvaluator(after, clock);
  const table = new FlowTable();
  let requestsAfter: PlacementRequests | undefined;
  const evaluator: RuleEvaluator = {
    rules: evaluatorBefore.rules,
    inputs: (t, row, context) => evaluatorBefore.inputs(t, row, context),
    explain: (t, row, context) => evaluatorBefore.explain(t, row, context),
    // Both evaluate every tick, because they have state; the engine acts on the first set.
    evaluate: async (t: FlowTable, context: RuleContext, s: AbortSignal) => {
      requestsAfter = await requestsOf(evaluatorAfter, t, context, s);
      return evaluatorBefore.evaluate(t, context, s);
    },
    // Both evaluators are disposed by this function.
    [Symbol.dispose]: () => undefined,
  };
  const { backend } = node;
  const engine = new Engine({
    evaluator,
    planner: DEFAULT_PLANNER,
    backends: [backend],
    clock,
    auditMs: AUDIT_MS,
  });
  await backend.start(node.ports(), signal);
  const meter = new NodeMeter();
  const ticks = Math.max(2, Math.ceil(options.forMs / TICK_MS));
  for (let i = 1; i <= ticks; i++) {
    signal.throwIfAborted();
    clock.nowMs += TICK_MS;
    await backend.renewLease(clock.nowMs);
    table.begin(clock.nowMs);
    await node.flowSource.read(table, signal);
    await backend.counters(
      {
        carried: (w0, w1, w2, w3, packets, bytes, idleMs) => {
          const atMs = clock.nowMs - Math.max(0, idleMs);
          table.carried(table.find(w0, w1, w2, w3), packets, bytes, atMs);
        },
      },
      signal,
    );
    table.end();
    updateRates(table, SMOOTHING_MS);
    meter.addSample(await node.hostSource.read(node.ports().keys(), signal), clock.nowMs);
    const wallMs = options.wallMs - (ticks - i) * TICK_MS;
    await decideTick(engine, tickOf(i, clock.nowMs, wallMs, table, meter, node), signal);
    await setImmediate();
  }
  return diffOf(
    table,
    copyRequests(evaluatorBefore, table),
    requestsAfter ?? copyRequests(evaluatorBefore, table),
  );
}

function tickOf(
  sequence: number,
  atMs: number,
  wallMs: number,
  table: FlowTable,
  meter: NodeMeter,
  node: EmulatedNode,
): SimulatedTick {
  return {
    sequence,
    atMs,
    wallMs,
    table,
    node: meter.state,
    ports: node.ports(),
  };
}
