import { parseArgs } from 'node:util';
import { type BenchReport, formatReport, type RunBench } from './support/report.ts';
import { errorMessage } from '../text/error-message.ts';

/** Each benchmark is loaded only when it runs, so that the imports of one do not affect another. */
const BENCHES: ReadonlyMap<string, () => Promise<{ readonly run: RunBench }>> = new Map([
  ['ingest', () => import('./ingest.ts')],
  ['ingest-kernel', () => import('./ingest-kernel.ts')],
  ['tick', () => import('./tick/bench.ts')],
  ['rules', () => import('./rules.ts')],
  ['plan', () => import('./plan.ts')],
  ['apply', () => import('./apply.ts')],
  ['scrape', () => import('./scrape.ts')],
  ['influx', () => import('./influx.ts')],
  ['openflow', () => import('./openflow.ts')],
  ['replay', () => import('./replay.ts')],
  ['tcx', () => import('./tcx/bench.ts')],
  ['meter', () => import('./meter/bench.ts')],
  ['cost', () => import('./cost/bench.ts')],
  ['connections', () => import('./connections/bench.ts')],
  ['decisions', () => import('./decisions/bench.ts')],
]);

const USAGE = `usage: npm run bench -- NAME... [--json] [--quick]
NAME is one of: ${[...BENCHES.keys()].join(', ')}
--json prints {"reports": [...]}, a report for each NAME in that order; npm run -s keeps npm's own lines out

  --plots FOLDER     writes plots (SVG) of tick and decisions

For decisions alone, several by comma:
  --trace FILE       flow records as CSV in place of generated traffic
  --seeds WHICH      tune, report (the default) or numbers
  --inputs NAMES     web-search, data-mining, hadoop, storage, rpc, mix
  --loads FLOWS      flows that the vSwitch has at a time
  --tables ENTRIES   sizes of the table
  --windows MS       time between two decisions
  --algorithms NAMES norikae and those it is compared with
  --frontier         Norikae also with other prices of an operation
  --hardware NAMES   tables with limits of real ones: probes-24, ways-4, rules-500, late-2000 and others`;

/** Progress goes to standard error, figures to standard output. */
const progress = (line: string): void => console.error(line);

/** Runs the named benchmarks one after the other, so that they do not compete for the machine. */
async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      trace: { type: 'string' },
      seeds: { type: 'string' },
      inputs: { type: 'string' },
      loads: { type: 'string' },
      tables: { type: 'string' },
      windows: { type: 'string' },
      algorithms: { type: 'string' },
      hardware: { type: 'string' },
      frontier: { type: 'boolean' },
      plots: { type: 'string' },
    },
  });
  const unknown = positionals.filter((name) => !BENCHES.has(name));
  if (values.help || positionals.length === 0 || unknown.length > 0) {
    for (const name of unknown) console.error(`there is no benchmark ${name}`);
    console.error(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('interrupted')));
  const reports: BenchReport[] = [];
  for (const name of positionals) {
    const bench = await BENCHES.get(name)?.();
    if (bench === undefined) continue;
    const report = await bench.run({
      quick: values.quick,
      signal: stop.signal,
      decisions: values,
      progress,
    });
    reports.push(report);
    if (!values.json) console.log(`${formatReport(report)}\n`);
  }
  if (values.json) console.log(JSON.stringify({ reports }));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(errorMessage(error));
  process.exitCode = 1;
}
