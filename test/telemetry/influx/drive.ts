import type { TickReport } from '../../../engine/loop/tick-report.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { PortInfo } from '../../../engine/model/port.ts';
import { Accountant } from '../../../telemetry/accounts/accountant.ts';
import { InfluxRecorder } from '../../../telemetry/influx/recorder.ts';
import { read, type Seen } from '../../support/flows.ts';
import { parseLine, type Point } from './parse-line.ts';

export const WALL_MS = Date.UTC(2026, 0, 1);

/** A node whose flows a test sets tick by tick, and the points that the recorder writes for it. */
export class Drive {
  readonly table = new FlowTable();
  readonly #accountant: Accountant;
  readonly #recorder: InfluxRecorder;
  readonly #ports = new Map<string, PortInfo>();
  #lines: string[] = [];
  nowMs = 1_000;
  held = false;
  fresh = true;
  elapsedMs = 1;
  plans: TickReport['plans'] = [];
  samples: TickReport['samples'];
  bitShare = 0;
  changes: TickReport['changes'] = [];
  #sequence = 0;

  constructor({ periodMs = 1_000, topFlows = 0 } = {}) {
    this.#accountant = new Accountant({ topFlows: 100 });
    this.#recorder = new InfluxRecorder({
      node: 'n',
      periodMs,
      topFlows,
      write: (line) => this.#lines.push(line),
      wall: () => 1,
      openDescriptors: () => 42,
      guests: () => ({ connected: 3, leases: 2 }),
      uncountedPorts: () => 1,
    });
    for (const name of ['vm1', 'vm2']) this.#ports.set(name, portOf(name));
  }

  get recorder(): InfluxRecorder {
    return this.#recorder;
  }

  /** Runs one tick with these flows (undefined: the reading failed) and returns its points. */
  tick(flows: readonly Seen[] | undefined, after?: () => void): readonly Point[] {
    this.#lines = [];
    const { report, accounts } = this.next(flows, after);
    this.#recorder.addTick(report, accounts);
    return this.points();
  }

  /** Runs one tick without writing points; `after` is called after the flows were read. */
  next(flows: readonly Seen[] | undefined, after: () => void = () => undefined) {
    this.nowMs += 250;
    if (flows !== undefined) read(this.table, this.nowMs, flows);
    after();
    const report: TickReport = {
      samples: this.samples,
      tick: {
        sequence: ++this.#sequence,
        atMs: this.nowMs,
        wallMs: WALL_MS + this.nowMs,
        table: this.table,
        node: {
          hostCpu: undefined,
          portLoad: new Map([['vm1', { rxBitsPerSecond: 8, txBitsPerSecond: 16 }]]),
        },
        ports: this.#ports,
        sources: [],
        flowsFresh: this.fresh,
        fresh: this.fresh,
      },
      evaluation: undefined,
      bitShare: this.bitShare,
      slices: [
        { name: 'blue', declared: true, weight: 1, guaranteed: undefined, maximum: undefined },
      ],
      plans: this.plans,
      changes: this.changes,
      operations: [],
      failures: [],
      flows: [this.table.count, 0, 0],
      held: this.held,
      permission: { may: 'move' },
      batches: [],
      stages: { enforceMs: 0, rulesMs: 0, planMs: 0, applyMs: 0 },
      endedAtMs: this.nowMs + this.elapsedMs,
      elapsedMs: this.elapsedMs,
    };
    return { report, accounts: this.#accountant.account(report, []) };
  }

  points(): readonly Point[] {
    return this.#lines.map(parseLine);
  }
}

function portOf(name: string): PortInfo {
  return {
    name,
    uuid: name,
    ifindex: 1,
    bridge: 'br0',
    kind: 'vm',
    mac: undefined,
    vm: undefined,
    slice: 'blue',
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}
