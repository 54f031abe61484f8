import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { ASSUMED_PACKET_COST_NS } from '../../replay/run/policy-run.ts';
import { buildReport } from '../../replay/report/build-report.ts';
import { htmlReport } from '../../replay/report/html/html-report.ts';
import type { ReplayReport } from '../../replay/report/report.ts';
import { textReport } from '../../replay/report/text-report.ts';
import { type Candidate, simulate, type SimulationOptions } from '../../replay/run/simulate.ts';
import { openFeed } from '../../replay/run/open-feed.ts';
import { openTrace, STANDARD_INPUT, type TraceSource } from '../../replay/input/source.ts';
import { TraceError, TraceFormatUnknown, TraceUnreadable } from '../../replay/input/trace-error.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { checkPolicies } from '../../policy-tools/files/policy-files.ts';
import { enforced } from '../../policy/model/enforced.ts';
import { DEFAULT_PLANNER } from '../../simulation/settings.ts';
import { duration } from '../../text/format.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { timeUpTo, upTo400Days, wholeNumber } from '../support/number-options.ts';
import { failingInJson, PolicyMistakes } from '../support/json-errors.ts';
import { policyFiles } from '../support/paths.ts';
import { ProgressLine } from '../support/progress-line.ts';
import { errorMessage } from '../../text/error-message.ts';

const HELP = `
Runs the daemon's own engine (rates, rules, planner, reconciler) over a recording, in simulated time:
what would this policy have done last night? Nothing is touched, no daemon has to run, and the same
trace gives the same figures.

TRACE is a recording of "norikae record", a CSV of flow records
(start_s,duration_s,bytes,packets[,src,dst,proto,sport,dport,slice]), a pcap or a pcapng; which one is
told by its content, and gzip is unpacked. "-" is the standard input. docs/replay.md has the details.

Several --policy are tried side by side on the same traffic. PATH is a policy file, or a folder whose
policies are in force together; a shadow policy counts as if it were enforced. Without --policy it is
the default policy that comes with Norikae.

Exit codes: 0 done; 1 the trace is damaged (what came before is reported), or a policy has mistakes;
2 wrong use.

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
export function replayCommand(context: CliContext): Command {
  return new Command('replay')
    .description('try policies on a recording: what would they have done last night?')
    .argument('<trace>', 'recording, CSV of flow records, pcap or pcapng')
    .addOption(
      new Option('--policy <path>', 'policy file or folder; again for another one beside it')
        .argParser((path: string, paths: readonly string[]) => [...paths, path])
        .default([], 'the default policy'),
    )
    .option('--table <n>', "entries of the NIC's table", wholeNumber(1, 4_000_000), 8192)
    .option(
      '--fast-path <n>',
      'entries of the fast path; 0: there is none',
      wholeNumber(0, 4_000_000),
      0,
    )
    .addOption(
      new Option('--period <time>', 'from one tick to the next; recordings have their own')
        .argParser(timeUpTo(60_000, 'a minute'))
        .default(250, '250ms'),
    )
    .addOption(
      new Option('--for <time>', 'how much of the trace; all of it by default').argParser(
        upTo400Days,
      ),
    )
    .option(
      '--packet-cost <ns>',
      `host CPU time of a packet through the vSwitch, ns; what was measured while it was recorded, or ${ASSUMED_PACKET_COST_NS}, by default`,
      wholeNumber(1, 1_000_000),
    )
    .option('--html <file>', 'write the report as one page that needs nothing else')
    .option('--json', 'print JSON for programs')
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
    // Whoever writes there may never say another word.
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
        const share = opened.size === undefined ? undefined : opened.read() / opened.size;
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
    if (files.length === 0) throw new CommandFailed(`${path} has no policy`, ExitCode.usage);
    const found = await checkPolicies(files);
    if (!found.ok) throw new PolicyMistakes(found.problems);
    const policies = enforced(found.policies);
    candidates.push({ name: policies.policies.map((p) => p.name).join(' + '), policies });
  }
  return distinctlyNamed(candidates, given);
}

/** Policies of one name are told apart by their paths. */
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
    const why = errorMessage(error);
    throw new CommandFailed(`${file} cannot be written: ${why}`, ExitCode.failed, { cause: error });
  }
}
