import type { FlowSpec } from '../../engine/model/flow.ts';
import type { JsonPath } from '../../text/json-document.ts';
import { didYouMean } from '../../text/nearest.ts';
import { flowActions, flowMatch, HEADER_FACTS, HeaderError } from '../../simulation/flow-match.ts';
import { constantSeries, type Series } from './series.ts';
import type { TestFlow } from './test-document.ts';
import type { ValueReader } from './value-reader.ts';

/** A flow of a test, with its traffic over time. */
export interface ScenarioFlow {
  readonly spec: FlowSpec;
  /** Bits/s and packets/s by tick; undefined in ticks without the flow. */
  readonly bits: Series;
  readonly packets: Series;
}

/**
 * The flows of one entry in `flows` of a test.
 *
 * @param first number of flows before these in the test; makes their ids unique
 * @param ports names of all ports
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
      read.report([...path, key], `unknown port "${port}"${hint(port, ports)}`);
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

/** Both rates; one that is not given is computed from the other and the packet size. */
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
  if (!(size > 0)) read.report([...path, 'packetBytes'], 'a packet has one byte or more');
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
  return didYouMean(name, names) || `; ports are ${names.map((n) => `"${n}"`).join(', ')}`;
}
