import { DumpParser } from '../adapters/ovs/dump/parser.ts';
import { FlowTable } from '../engine/model/flow-table.ts';
import { median } from './support/measuring.ts';
import { dumpLines, escapedDump } from './support/dump-generator.ts';
import { runPython } from './support/peer.ts';
import { type BenchOptions, type BenchReport, compare } from './support/report.ts';

const SEED = 20_260;
const LINES_PER_TURN = 4096;

interface Sizes {
  readonly flows: number;
  readonly peerFlows: number;
  readonly firstRounds: number;
  readonly steadyRounds: number;
}

const FULL: Sizes = { flows: 100_000, peerFlows: 5_000, firstRounds: 15, steadyRounds: 40 };
const QUICK: Sizes = { flows: 10_000, peerFlows: 500, firstRounds: 5, steadyRounds: 10 };

/**
 * Parses a dump of `dpctl/dump-flows -m --names`, first with new flows, then repeatedly, compared
 * with OVS's Python parser on the same lines.
 */
export async function run({ quick, signal }: BenchOptions): Promise<BenchReport> {
  const sizes = quick ? QUICK : FULL;
  const dumps = [0, 1, 2, 3].map((look) => escapedDump({ flows: sizes.flows, seed: SEED, look }));
  const before = await peerSeconds(sizes.peerFlows, signal);

  const first: number[] = [];
  for (let i = 0; i < sizes.firstRounds; i++) {
    first.push(read(new DumpParser(), new FlowTable(), dumps[0]));
  }
  const parser = new DumpParser();
  const table = new FlowTable();
  read(parser, table, dumps[0]);
  const steady: number[] = [];
  for (let i = 1; i <= sizes.steadyRounds; i++) {
    steady.push(read(parser, table, dumps[i % dumps.length]));
  }
  if (table.count !== sizes.flows) throw new Error(`only ${table.count} flows were read`);

  const asked = askForFields(table);
  // The peer is measured before and after ours, because the load of the machine may change.
  const after = await peerSeconds(sizes.peerFlows, signal);
  const peer = (2 * sizes.peerFlows) / (before + after);

  const rate = (ms: number): number => (sizes.flows / ms) * 1000;
  const perFlow = (seconds: number): string =>
    `${((seconds / sizes.peerFlows) * 1e6).toFixed(0)} us a flow`;
  const bytes = dumps[0].length;
  return {
    name: 'ingest',
    comparisons: [
      compare('first sight', { ours: rate(median(first)), peer }, 'flows/s', 'higher'),
      compare('steady state', { ours: rate(median(steady)), peer }, 'flows/s', 'higher'),
    ],
    notes: [
      `dump of ${sizes.flows} flows, ${Math.round(bytes / sizes.flows)} bytes each`,
      `ours: median of ${sizes.firstRounds} and ${sizes.steadyRounds} readings; first sight ` +
        `${median(first).toFixed(1)} ms (${first[0].toFixed(1)} ms before the compiler was warm), ` +
        `steady state ${median(steady).toFixed(1)} ms, ` +
        `${(bytes / median(steady) / 1000).toFixed(0)} MB/s`,
      `peer: ovs.flow.odp.ODPFlow of python3-openvswitch over the first ${sizes.peerFlows} of ` +
        'the same flows, dp-extra-info cut off because it fails on it; mean of a run before ours ' +
        `(${perFlow(before)}) and one after (${perFlow(after)})`,
      'first sight reads keys by template and checks them in full, but creates the field objects ' +
        `of a match on first use: ${asked.toFixed(1)} ms more for all, once`,
      'the garbage of the reading before, table and all, is collected within the time measured',
    ],
  };
}

/** One whole reading; returns its duration, ms. */
function read(parser: DumpParser, table: FlowTable, dump: Buffer): number {
  const start = performance.now();
  table.begin(start);
  parser.beginDump(table, dump);
  let done = false;
  while (!done) done = parser.readLines(LINES_PER_TURN);
  parser.finishDump();
  table.end();
  return performance.now() - start;
}

/** Creates the fields of every match; returns the duration, ms. */
function askForFields(table: FlowTable): number {
  const start = performance.now();
  let fields = 0;
  for (const row of table.rows.subarray(0, table.count)) fields += table.matchAt(row).fields.length;
  if (fields < table.count) throw new Error(`${fields} fields in all`);
  return performance.now() - start;
}

/** Duration of OVS's Python parser, seconds. */
async function peerSeconds(flows: number, signal: AbortSignal): Promise<number> {
  const lines = [...dumpLines({ flows, seed: SEED, look: 0 })]
    .filter((line) => line.startsWith('ufid:'))
    .map((line) => line.replace(/, dp-extra-info:.*$/, ''));
  const result: unknown = JSON.parse(await runPython('ingest_peer.py', lines.join('\n'), signal));
  if (typeof result !== 'object' || result === null) throw new Error('the peer printed no object');
  if (!('seconds' in result) || typeof result.seconds !== 'number') {
    throw new Error('the peer printed no seconds');
  }
  return result.seconds;
}
