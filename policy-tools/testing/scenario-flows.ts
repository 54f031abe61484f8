import type { FlowSpec } from '../../engine/model/flow.ts';
import type { JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import { flowActions, flowMatch, HEADER_FACTS, HeaderError } from '../../simulation/flow-match.ts';
import { constantSeries, type Series } from './series.ts';
import type { TestFlow } from './test-document.ts';
import type { ValueReader } from './value-reader.ts';

/** A flow of a test over time. */
export interface ScenarioFlow {
  readonly spec: FlowSpec;
  /** Bits and packets a second in each tick; undefined in a tick: the flow is not there. */
  readonly bits: Series;
  readonly packets: Series;
}

/**
 * The flows that an entry of a test stands for.
 *
 * @param first number of flows that the test has before them: it tells their ids apart
 * @param ports names of the ports there are
 */
export function flowsOf(
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

function hint(name: string, names: readonly string[]): string {
  return didYouMean(name, names) || `; there are ${names.map((n) => `"${n}"`).join(', ')}`;
}
