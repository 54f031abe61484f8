import { parseArgs } from 'node:util';
import { type BenchReport, formatReport, type RunBench } from './report.ts';

/** Each benchmark is loaded only when it is run: what one needs is no load on another. */
const BENCHES: ReadonlyMap<string, () => Promise<{ readonly run: RunBench }>> = new Map([
  ['ingest', () => import('./ingest.ts')],
  ['tick', () => import('./tick.ts')],
  ['rules', () => import('./rules.ts')],
  ['apply', () => import('./apply.ts')],
  ['openflow', () => import('./openflow.ts')],
]);

const USAGE = `usage: npm run bench -- NAME... [--json] [--quick]
NAME is one of: ${[...BENCHES.keys()].join(', ')}`;

/** Runs the benchmarks that are named, one after the other, for the machine must be theirs. */
async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
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
    const report = await bench.run({ quick: values.quick, signal: stop.signal });
    reports.push(report);
    if (!values.json) console.log(`${formatReport(report)}\n`);
  }
  if (values.json) console.log(JSON.stringify(reports.length === 1 ? reports[0] : { reports }));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
