import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import type { PlannerOptions } from '../../engine/planner/planner.ts';
import type { JsonDocument, JsonPath } from '../../engine/text/json-document.ts';
import { didYouMean } from '../../engine/text/nearest.ts';
import type { Problem } from '../../engine/text/problem.ts';
import { flowActions, flowMatch, HEADER_FACTS, HeaderError } from './flow-match.ts';
import { quantity, QuantityError } from './quantity.ts';
import { constantSeries, parseSeries, type Series, SeriesError } from './series.ts';
import type { TestCase, TestDocument, TestFlow, TestPort } from './test-document.ts';

/** A flow of a test over time. */
export interface ScenarioFlow {
  readonly spec: FlowSpec;
  /** Bits and packets a second in each tick; undefined in a tick: the flow is not there. */
  readonly bits: Series;
  readonly packets: Series;
}

/** A port over time, bits/s. */
export interface ScenarioPort {
  readonly info: PortInfo;
  readonly rx: Series | undefined;
  readonly tx: Series | undefined;
}

/** A test, ready to be run. */
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
  /** Indexes into `flows` by the name the test gives them. */
  readonly groups: ReadonlyMap<string, readonly number[]>;
}

/** Unit of shares, as facts have it. */
const SHARE = 'share, 0 to 1';
/** Most flows and ticks of a test, and most flows times ticks. */
const MOST_FLOWS = 10_000;
const MOST_TICKS = 100_000;
const MOST_CELLS = 4_000_000;
const DEFAULT_PLANNER = { minHold: 2000, hysteresis: 1.3, operationsPerSecond: 2000, burst: 4000 };
const DEFAULT_BACKEND = { entries: 1000, fastPathEntries: 0 };
const DEFAULT_PORTS: Readonly<Record<string, TestPort>> = {
  vm1: { kind: 'vm', vm: 'vm1' },
  uplink0: { kind: 'uplink', linkBitsPerSecond: 10e9 },
};

/** What an author calls times, by path, turned into ms; problems are collected. */
export class ValueReader {
  readonly problems: Problem[] = [];
  readonly #document: JsonDocument;

  constructor(document: JsonDocument) {
    this.#document = document;
  }

  report(path: JsonPath, message: string): void {
    this.problems.push(this.#document.problemAt(path, message));
  }

  /** The number that a value with or without unit stands for; 0 where there is a problem. */
  number(path: JsonPath, value: string | number, unit: string): number {
    if (typeof value === 'number') return value;
    try {
      return quantity(value, unit);
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
      this.report(path, error.message);
      return 0;
    }
  }

  series(path: JsonPath, value: string | number, unit: string): Series {
    if (typeof value === 'number') return constantSeries(value);
    try {
      return parseSeries(value, (text) => quantity(text, unit));
    } catch (error) {
      if (!(error instanceof QuantityError || error instanceof SeriesError)) throw error;
      this.report(path, error.message);
      return constantSeries(0);
    }
  }
}

/** Makes a test ready to be run. What is wrong with it goes to `read.problems`. */
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
    if (flows.length + flow.count > MOST_FLOWS) {
      read.report([...at, 'count'], `a test can have ${MOST_FLOWS} flows`);
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
  if (ticks > MOST_TICKS)
    read.report(path, `${ticks} ticks are too many; there can be ${MOST_TICKS}`);
  if (ticks * flows.length > MOST_CELLS) {
    read.report(path, `${ticks} ticks of ${flows.length} flows are too many; make it shorter`);
  }
  return { ...scenario, ticks };
}

function flowsOf(
  flow: TestFlow,
  first: number,
  ports: readonly string[],
  path: JsonPath,
  read: ValueReader,
): readonly ScenarioFlow[] {
  const outPorts = flow.outPorts ?? (flow.outPort === null ? [] : [flow.outPort]);
  for (const port of [flow.inPort, ...outPorts]) {
    if (!ports.includes(port)) {
      const key = port === flow.inPort ? 'inPort' : 'outPort';
      read.report([...path, key], `there is no port "${port}"${hint(port, ports)}`);
    }
  }
  const traffic = trafficOf(flow, path, read);
  const headers = {
    inPort: flow.inPort,
    outPorts,
    headers: Object.fromEntries(Object.entries(flow).filter(([key]) => HEADER_FACTS.includes(key))),
    opaque: !flow.offloadable,
  };
  try {
    const match = flowMatch(headers);
    const actions = flowActions(headers);
    return Array.from({ length: flow.count }, (_, i) => ({
      spec: { id: { w0: 0x6e6f7269, w1: 0x6b616540, w2: 0, w3: first + i + 1 }, match, actions },
      ...traffic,
    }));
  } catch (error) {
    if (!(error instanceof HeaderError)) throw error;
    read.report([...path, error.fact], error.message);
    return [];
  }
}

/** Rates of both kinds: what is not given follows from the other and the packets' size. */
function trafficOf(flow: TestFlow, path: JsonPath, read: ValueReader) {
  const bits =
    flow.bitsPerSecond === undefined
      ? undefined
      : read.series([...path, 'bitsPerSecond'], flow.bitsPerSecond, 'bit/s');
  const packets =
    flow.packetsPerSecond === undefined
      ? undefined
      : read.series([...path, 'packetsPerSecond'], flow.packetsPerSecond, 'packet/s');
  const size = read.number([...path, 'packetBytes'], flow.packetBytes, 'byte') * 8;
  if (!(size > 0)) read.report([...path, 'packetBytes'], 'a packet has at least one byte');
  if (bits !== undefined) return { bits, packets: packets ?? scaled(bits, 1 / size) };
  if (packets !== undefined) return { bits: scaled(packets, size), packets };
  return { bits: constantSeries(0), packets: constantSeries(0) };
}

function scaled(series: Series, factor: number): Series {
  return {
    length: series.length,
    at: (tick) => {
      const value = series.at(tick);
      return value === undefined ? undefined : value * factor;
    },
  };
}

function portsOf(
  file: TestDocument,
  test: TestCase,
  path: JsonPath,
  read: ValueReader,
): readonly ScenarioPort[] {
  const all = { ...DEFAULT_PORTS, ...file.ports, ...test.ports };
  return Object.entries(all).map(([name, port], i) => {
    const own = test.ports !== undefined && Object.hasOwn(test.ports, name);
    const at = own ? [...path, 'ports', name] : ['ports', name];
    const load = (key: 'rxBitsPerSecond' | 'txBitsPerSecond') => {
      const value = port[key];
      return value === undefined ? undefined : read.series([...at, key], value, 'bit/s');
    };
    const { kind, vm, slice, linkBitsPerSecond: link } = port;
    const linkBitsPerSecond =
      link === undefined ? undefined : read.number([...at, 'linkBitsPerSecond'], link, 'bit/s');
    const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
    return {
      info: {
        name,
        uuid,
        ifindex: i + 1,
        bridge: 'br0',
        kind,
        mac: undefined,
        vm,
        slice,
        linkBitsPerSecond,
      },
      rx: load('rxBitsPerSecond'),
      tx: load('txBitsPerSecond'),
    };
  });
}

function plannerOf(
  file: TestDocument,
  test: TestCase,
  path: JsonPath,
  read: ValueReader,
): PlannerOptions {
  const given = test.planner ?? file.planner ?? DEFAULT_PLANNER;
  const { minHold, hysteresis, operationsPerSecond: perSecond, burst } = given;
  const at = test.planner === undefined ? ['planner'] : [...path, 'planner'];
  const minHoldMs = read.number([...at, 'minHold'], minHold, 'ms');
  return { minHoldMs, hysteresis, operations: { perSecond, burst } };
}

function startOf(file: TestDocument, test: TestCase, path: JsonPath, read: ValueReader): number {
  const startMs = Date.parse(test.start ?? file.start);
  if (Number.isFinite(startMs)) return startMs;
  const at = test.start === undefined ? ['start'] : [...path, 'start'];
  read.report(at, `"${test.start ?? file.start}" is no time such as "2026-03-01T02:55:00+01:00"`);
  return 0;
}

/** How many ticks the test has: what it says, or enough for every series and expectation. */
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
  return series.reduce((most, s) => Math.max(most, s?.length ?? 0), latest);
}

function hint(name: string, names: readonly string[]): string {
  return didYouMean(name, names) || `; there are ${names.map((n) => `"${n}"`).join(', ')}`;
}
