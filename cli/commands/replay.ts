import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { ASSUMED_PACKET_COST_NS } from '../../replay/run/policy-run.ts';
import { buildReport } from '../../replay/report/build-report.ts';
import { htmlReport } from '../../replay/report/html/html-report.ts';
import type { ReplayReport } from '../../replay/report/report.ts';
import { textReport } from '../../replay/report/text-report.ts';
import { type Candidate, simulate, type SimulationOptions } from '../../replay/run/simulate.ts';
import { openFeed } from '../../replay/run/open-feed.ts';
import { openTrace, STANDARD_INPUT, type TraceSource } from '../../replay/input/source.ts';
import { TraceError, TraceFormatUnknown, TraceUnreadable } from '../../replay/input/trace-error.ts';
import { fileErrorText } from '../../platform/file-error.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { checkPolicies } from '../../policy-tools/files/policy-files.ts';
import { enforced } from '../../policy/model/enforced.ts';
import { DEFAULT_PLANNER } from '../../simulation/settings.ts';
import { duration } from '../../text/format.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { timeUpTo, upTo400Days, wholeNumber } from '../support/number-options.ts';
import { failingInJson, PolicyErrors } from '../support/json-errors.ts';
import { policyFiles } from '../support/paths.ts';
import { ProgressLine } from '../support/progress-line.ts';

const HELP = `
Runs the daemon's engine (rates, rules, planner, reconciler) over recorded traffic in simulated time, to
show what a policy would have done. It needs no daemon and changes nothing; the same trace always gives
the same figures.

TRACE is a recording of "norikae record", a CSV file of flow records
(start_s,duration_s,bytes,packets[,src,dst,proto,sport,dport,slice]), or a pcap or pcapng capture. The
format is detected from the content; gzip is decompressed. "-" is standard input. See docs/replay.md.

--policy can be repeated to compare policies on the same traffic. PATH is a policy file, or a folder whose
policies are in force together; a shadow policy counts as enforced. The default is the default policy of
Norikae.

Exit codes: 0 success; 1 the trace is damaged (the part before the damage is reported), or a policy has
errors; 2 usage error.

Examples:
  norikae replay last-night.nkrec
  norikae replay flows.csv.gz --policy old.json --policy new.json --table 1024
  norikae replay capture.pcapng --html report.html
  norikae replay last-night.nkrec --json | jq '.policies[0].byteCoverage'
`;

interface ReplayOptions {
  readonly policy: readonly string[];
  readonly table: number;
  readonly fastPath: number;
  readonly period: number;
  readonly for?: number;
  readonly packetCost?: number;
  readonly html?: string;
  readonly json?: boolean;
}

/** `norikae replay TRACE`. */
export function replayCommand(command: Command, context: CliContext): void {
  command
    .argument('<trace>', 'recording, CSV file of flow records, pcap or pcapng')
    .addOption(
      new Option('--policy <path>', 'policy file or folder; repeat it to compare policies')
        .argParser((path: string, paths: readonly string[]) => [...paths, path])
        .default([], 'the default policy'),
    )
    .option('--table <n>', 'entries of the NIC table', wholeNumber(1, 4_000_000), 8192)
    .option(
      '--fast-path <n>',
      'entries of the fast path; 0: no fast path',
      wholeNumber(0, 4_000_000),
      0,
    )
    .addOption(
      new Option(
        '--period <time>',
        'time between ticks; ignored for recordings, which have their own',
      )
        .argParser(timeUpTo(60_000, 'a minute'))
        .default(250, '250ms'),
    )
    .addOption(
      new Option('--for <time>', 'length of the trace to play; by default all of it').argParser(
        upTo400Days,
      ),
    )
    .option(
      '--packet-cost <ns>',
      `host CPU time per packet on the vSwitch, ns; by default the value in the recording, or ${ASSUMED_PACKET_COST_NS}`,
      wholeNumber(1, 1_000_000),
    )
    .option('--html <file>', 'also write the report as one self-contained HTML page')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (trace: string, options: ReplayOptions) => {
      const report = await failingInJson(context, options.json, () => run(context, trace, options));
      if (options.html !== undefined) write(options.html, report);
      if (options.json === true) printJson(context, report);
      else {
        printLines(context, textReport(report, lineWidth(context), context.stdout.colours));
        if (options.html !== undefined) printLines(context, ['', `wrote ${options.html}`]);
      }
      const { failure } = report.trace;
      if (failure !== null) throw new CommandFailed(failure, ExitCode.failed);
    });
}

async function run(
  context: CliContext,
  file: string,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const { table: entries, fastPath: fastPathEntries, period: periodMs } = options;
  const candidates = await candidatesOf(options.policy);
  const stop = new AbortController();
  const interrupted = (): void => {
    stop.abort(new CommandFailed('interrupted', ExitCode.failed));
    // A read from standard input could block forever.
    if (file === STANDARD_INPUT) process.stdin.destroy();
  };
  process.once('SIGINT', interrupted);
  const progress = new ProgressLine(context.stderr, context.now);
  let source: TraceSource | undefined;
  try {
    const opened = await openTrace(file);
    source = opened;
    const feed = openFeed(opened, periodMs);
    const startedMs = context.now();
    const simulation: SimulationOptions = {
      candidates,
      entries,
      fastPathEntries,
      planner: DEFAULT_PLANNER,
      periodMs,
      packetCostNs: options.packetCost,
      forMs: options.for ?? Number.POSITIVE_INFINITY,
      onProgress: (playedMs) => {
        const share = opened.size === undefined ? undefined : opened.bytesRead() / opened.size;
        progress.show(share, () => progressText(playedMs, context.now() - startedMs));
      },
    };
    const result = await simulate(feed, simulation, stop.signal);
    return buildReport({ file, feed, options: simulation, result });
  } catch (error) {
    stop.signal.throwIfAborted();
    if (!(error instanceof TraceError)) throw error;
    const usage = error instanceof TraceUnreadable || error instanceof TraceFormatUnknown;
    const code = usage ? ExitCode.usage : ExitCode.failed;
    throw new CommandFailed(error.message, code, { cause: error });
  } finally {
    process.off('SIGINT', interrupted);
    progress.clear();
    await source?.close();
  }
}

function progressText(playedMs: number, elapsedMs: number): string {
  const times = elapsedMs > 0 ? `, ${(playedMs / elapsedMs).toFixed(0)} times as fast` : '';
  return `${duration(playedMs)} of the trace in ${duration(elapsedMs)}${times}`;
}

async function candidatesOf(paths: readonly string[]): Promise<readonly Candidate[]> {
  const given = paths.length === 0 ? [join(packageRoot(), 'policies/default.json')] : paths;
  const candidates: Candidate[] = [];
  for (const path of given) {
    const files = policyFiles([path]);
    if (files.length === 0) throw new CommandFailed(`${path} contains no policy`, ExitCode.usage);
    const found = await checkPolicies(files);
    if (!found.ok) throw new PolicyErrors(found.problems);
    const policies = enforced(found.policies);
    candidates.push({ name: policies.policies.map((p) => p.name).join(' + '), policies });
  }
  return distinctlyNamed(candidates, given);
}

/** Names candidates by their paths when policies share a name. */
function distinctlyNamed(
  candidates: readonly Candidate[],
  paths: readonly string[],
): readonly Candidate[] {
  const names = candidates.map((c) => c.name);
  if (new Set(names).size === names.length) return candidates;
  return candidates.map((candidate, i) => ({ ...candidate, name: paths[i] }));
}

function write(file: string, report: ReplayReport): void {
  try {
    writeFileSync(file, htmlReport(report));
  } catch (error) {
    const why = fileErrorText(error);
    throw new CommandFailed(`cannot write ${file}: ${why}`, ExitCode.failed, { cause: error });
  }
}
