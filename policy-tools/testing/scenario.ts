import type { PlannerOptions } from '../../engine/planner/plan.ts';
import { DEFAULT_PLANNER } from '../../simulation/settings.ts';
import type { JsonPath } from '../../text/json-document.ts';
import { flowsOf, type ScenarioFlow } from './scenario-flows.ts';
import { portsOf, type ScenarioPort } from './scenario-ports.ts';
import type { Series } from './series.ts';
import type { TestCase, TestDocument } from './test-document.ts';
import type { ValueReader } from './value-reader.ts';

/** A validated test. */
export interface Scenario {
  readonly tickMs: number;
  readonly ticks: number;
  /** Wall clock of the first tick, ms since 1970. */
  readonly startMs: number;
  readonly entries: number;
  readonly fastPathEntries: number;
  readonly planner: PlannerOptions;
  readonly hostCpu: Series | undefined;
  readonly ports: readonly ScenarioPort[];
  readonly flows: readonly ScenarioFlow[];
  /** Indexes into `flows`, by the names in the test. */
  readonly groups: ReadonlyMap<string, readonly number[]>;
}

/** Unit of shares in the fact catalogue. */
const SHARE = 'share, 0 to 1';
/** Maximum of flows, of ticks, and of flows times ticks in a test. */
const MAX_FLOWS = 10_000;
const MAX_TICKS = 100_000;
const MAX_CELLS = 4_000_000;
const DEFAULT_BACKEND = { entries: 1000, fastPathEntries: 0 };

/** Validates a test; problems go to `read.problems`. */
export function scenarioOf(
  file: TestDocument,
  test: TestCase,
  path: JsonPath,
  read: ValueReader,
): Scenario {
  const tickMs = Math.max(1, read.number(['tick'], file.tick, 'ms'));
  const ports = portsOf(file, test, path, read);
  const names = ports.map((port) => port.info.name);
  const flows: ScenarioFlow[] = [];
  const groups = new Map<string, readonly number[]>();
  for (const [name, flow] of Object.entries(test.flows)) {
    const at = [...path, 'flows', name];
    if (flows.length + flow.count > MAX_FLOWS) {
      read.report([...at, 'count'], `a test can have at most ${MAX_FLOWS} flows`);
      continue;
    }
    const first = flows.length;
    flows.push(...flowsOf(flow, first, names, at, read));
    groups.set(
      name,
      Array.from({ length: flow.count }, (_, i) => first + i),
    );
  }
  const hostCpu = test.node?.hostCpu ?? file.node?.hostCpu;
  const hostAt = test.node === undefined ? ['node', 'hostCpu'] : [...path, 'node', 'hostCpu'];
  const scenario = {
    tickMs,
    startMs: startOf(file, test, path, read),
    ...(test.backend ?? file.backend ?? DEFAULT_BACKEND),
    planner: plannerOf(file, test, path, read),
    hostCpu: hostCpu === undefined ? undefined : read.series(hostAt, hostCpu, SHARE),
    ports,
    flows,
    groups,
  };
  const ticks = ticksOf(scenario, test, path, read);
  if (ticks > MAX_TICKS)
    read.report(path, `${ticks} ticks are too many; the limit is ${MAX_TICKS}`);
  if (ticks * flows.length > MAX_CELLS) {
    read.report(
      path,
      `${ticks} ticks of ${flows.length} flows are too many; the limit for flows times ticks is ${MAX_CELLS}`,
    );
  }
  return { ...scenario, ticks };
}

function plannerOf(
  file: TestDocument,
  test: TestCase,
  path: JsonPath,
  read: ValueReader,
): PlannerOptions {
  const given = test.planner ?? file.planner;
  if (given === undefined) return DEFAULT_PLANNER;
  const { minHold, operationsPerSecond: perSecond, burst } = given;
  const at = test.planner === undefined ? ['planner'] : [...path, 'planner'];
  const minHoldMs = read.number([...at, 'minHold'], minHold, 'ms');
  return { minHoldMs, operations: { perSecond, burst } };
}

function startOf(file: TestDocument, test: TestCase, path: JsonPath, read: ValueReader): number {
  const startMs = Date.parse(test.start ?? file.start);
  if (Number.isFinite(startMs)) return startMs;
  const at = test.start === undefined ? ['start'] : [...path, 'start'];
  read.report(
    at,
    `"${test.start ?? file.start}" is not a time such as "2026-03-01T02:55:00+01:00"`,
  );
  return 0;
}

/** Number of ticks: from `for`, or enough for all series and expectations. */
function ticksOf(
  scenario: Pick<Scenario, 'tickMs' | 'flows' | 'ports' | 'hostCpu'>,
  test: TestCase,
  path: JsonPath,
  read: ValueReader,
): number {
  const { tickMs, flows, ports, hostCpu } = scenario;
  if (test.for !== undefined) {
    return Math.max(1, Math.ceil(read.number([...path, 'for'], test.for, 'ms') / tickMs));
  }
  const series = [
    ...flows.flatMap((flow) => [flow.bits, flow.packets]),
    ...ports.flatMap((port) => [port.rx, port.tx]),
    hostCpu,
  ];
  const moments = test.expect.flatMap(({ at, by, from, to }, i) =>
    Object.entries({ at, by, from, to }).map(([key, value]) =>
      value === undefined ? 0 : read.number([...path, 'expect', i, key], value, 'ms'),
    ),
  );
  const latest = Math.floor(moments.reduce((a, b) => Math.max(a, b), 0) / tickMs) + 1;
  return series.reduce((max, s) => Math.max(max, s?.length ?? 0), latest);
}
