import { Engine, type EngineOptions } from '../../../engine/loop/engine.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { PortSnapshot } from '../../../engine/model/port.ts';
import { REASONS } from '../../../engine/model/reason.ts';
import type { PlannerOptions } from '../../../engine/planner/plan.ts';
import type { Tick } from '../../../engine/model/tick.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { read, rowOf, type Seen } from '../../support/flows.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptEvaluator } from '../../support/script-evaluator.ts';

/** A directory without ports. */
export const NO_PORTS: PortSnapshot = new Map();

/** More operations than any test needs. */
const AMPLE = { perSecond: 1e6, burst: 1e6 };

/** Options of a tick of a {@link Rig}. */
export interface RigTick {
  /** False: the reading of the flows failed. */
  readonly flowsFresh?: boolean;
  /** Defaults to `flowsFresh`. */
  readonly fresh?: boolean;
  /** False: a second tick with the previous reading, which is still fresh. */
  readonly read?: boolean;
  /** Ports of the tick; defaults to {@link NO_PORTS}. */
  readonly ports?: PortSnapshot;
}

/** An engine over backends in memory, with rules and flows set by a test. A tick takes 500 ms. */
export class Rig {
  readonly clock = new ManualClock();
  readonly table = new FlowTable();
  readonly evaluator = new ScriptEvaluator();
  readonly signal = new AbortController().signal;
  readonly backend: FakeBackend;
  readonly engine: Engine;
  /** Sources of the next ticks. */
  sources: Tick['sources'] = [];

  constructor(
    backends: FakeBackend | readonly [FakeBackend, ...FakeBackend[]] = new FakeBackend(),
    more: Pick<EngineOptions, 'backendsComeUp' | 'verifier' | 'lookup'> &
      Partial<PlannerOptions> = {},
  ) {
    const { minHoldMs = 1000, operations = AMPLE, ...options } = more;
    const all = backends instanceof FakeBackend ? ([backends] as const) : backends;
    [this.backend] = all;
    this.engine = new Engine({
      evaluator: this.evaluator,
      planner: { minHoldMs, operations },
      backends: all,
      clock: this.clock,
      auditMs: 30_000,
      ...options,
    });
  }

  /** Runs one tick in which the vSwitch has these flows. */
  tick(flows: readonly Seen[], how: RigTick = {}) {
    this.clock.advance(500);
    const { flowsFresh = true, fresh = flowsFresh, ports = NO_PORTS } = how;
    if (how.read ?? flowsFresh) read(this.table, this.clock.now(), flows);
    const tick: Tick = {
      sequence: 1,
      atMs: this.clock.now(),
      table: this.table,
      node: { hostCpu: 0.5, portLoad: new Map() },
      ports,
      sources: this.sources,
      flowsFresh,
      fresh,
    };
    return this.engine.onTick(tick, this.signal);
  }

  /** When the first backend's entries were last verified, ms. */
  verifiedAtMs(): number | undefined {
    return this.engine.verificationOf(this.backend)?.verifiedAtMs;
  }

  /** Reason code of flow `n`. */
  reason(n: number): string {
    return REASONS[this.table.decision.reason[rowOf(this.table, n)]].code;
  }

  /** Placement of flow `n`. */
  placement(n: number): number {
    return this.table.decision.placement[rowOf(this.table, n)];
  }

  /** Flows with an entry in the first backend, ascending. */
  installed(): number[] {
    return [...this.backend.installed.values()].map((f) => f.id.w3).sort((a, b) => a - b);
  }
}
