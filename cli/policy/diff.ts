import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { REQUESTED_PLACEMENT_NAMES } from '../../engine/model/flow.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import type { ChangedFlow, PolicyDiff } from '../../policy-tools/diff/diff.ts';
import { diffOnEmulatedTick } from '../../policy-tools/diff/emulated-tick.ts';
import { diffOnRecordedTick, RecordingError } from '../../policy-tools/diff/recorded-tick.ts';
import { checkPolicies } from '../../policy-tools/files/policy-files.ts';
import { enforced } from '../../policy/model/enforced.ts';
import { bitRate, packetRate } from '../../text/format.ts';
import { textTable } from '../../platform/text-table.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { timeUpTo, wholeNumber } from '../support/number-options.ts';
import { failingInJson, PolicyErrors } from '../support/json-errors.ts';
import { policyFiles } from '../support/paths.ts';

const HELP = `
BEFORE and AFTER are policy files, or folders whose policies are in force together. Both are evaluated on
the flows of one tick; a shadow policy counts as enforced.

By default the tick comes from an emulated node on which BEFORE has been in force for a while; the same
--seed gives the same tick. With --tick it comes from your node, recorded with "norikae top --once --json
--limit 10000". Such a tick has no quietMs and no rateOfChange, and its smoothed rates also serve as the
rates of the last tick.

Exit codes: 0 success, with or without differences; 1 a policy has errors; 2 usage error.

Examples:
  norikae policy diff policies/default.json mine.json
  norikae policy diff old/ new/ --seed 7 --for 60s --entries 100 --limit 50
  norikae top --once --json --limit 10000 > tick.json
  norikae policy diff policies/default.json mine.json --tick tick.json --json
`;

interface DiffOptions {
  readonly tick?: string;
  readonly seed: number;
  readonly for: number;
  readonly entries: number;
  readonly load: number;
  readonly limit: number;
  readonly at?: string;
  readonly json?: boolean;
}

/** `norikae policy diff BEFORE AFTER`. */
export function policyDiffCommand(command: Command, context: CliContext): void {
  command
    .argument('<before>', 'policy file or folder')
    .argument('<after>', 'policy file or folder')
    .option('--tick <file>', 'a recorded tick instead of an emulated one')
    .option('--seed <n>', 'seed of the emulated node', wholeNumber(0, 2 ** 32 - 1), 1)
    .addOption(
      new Option('--for <time>', 'time for which BEFORE has been in force')
        .argParser(timeUpTo(3_600_000, 'an hour'))
        .default(30_000, '30s'),
    )
    .option('--entries <n>', 'entries of the emulated NIC table', wholeNumber(1, 1_000_000), 400)
    .option('--load <share>', 'offered load of the emulated node, 0 to 1', parseShare, 0.25)
    .option('--at <time>', 'wall-clock time of the tick, ISO 8601; by default now')
    .option('--limit <n>', 'maximum number of flows to list', wholeNumber(0, 1_000_000), 20)
    .option('--json', 'print JSON with all flows')
    .addHelpText('after', HELP)
    .action(async (beforePath: string, afterPath: string, options: DiffOptions) => {
      const diff = await failingInJson(context, options.json, async () => {
        const before = await loaded(beforePath);
        return diffOf(before, await loaded(afterPath), options);
      });
      if (options.json === true) printJson(context, diff);
      else printLines(context, lines(diff, options.limit, context));
    });
}

async function diffOf(before: PolicySet, after: PolicySet, options: DiffOptions) {
  const { signal } = new AbortController();
  const wallMs = options.at === undefined ? Date.now() : Date.parse(options.at);
  if (!Number.isFinite(wallMs)) {
    throw new CommandFailed(`"${options.at}" is not an ISO 8601 time`, ExitCode.usage);
  }
  if (options.tick === undefined) {
    const { seed, for: forMs, entries, load } = options;
    return diffOnEmulatedTick(before, after, { seed, forMs, entries, load, wallMs }, signal);
  }
  try {
    const text = readFileSync(options.tick, 'utf8');
    return await diffOnRecordedTick(before, after, text, wallMs, signal);
  } catch (error) {
    if (!(error instanceof RecordingError) && !isSystemError(error)) throw error;
    throw new CommandFailed(`${options.tick}: ${error.message}`, ExitCode.usage, { cause: error });
  }
}

async function loaded(path: string): Promise<PolicySet> {
  const files = policyFiles([path]);
  if (files.length === 0) throw new CommandFailed(`${path} contains no policy`, ExitCode.usage);
  const found = await checkPolicies(files);
  if (found.ok) return enforced(found.policies);
  throw new PolicyErrors(found.problems);
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

function lines(diff: PolicyDiff, limit: number, context: CliContext): string[] {
  const { colours } = context.stdout;
  const { flows, requests, changed } = diff;
  const share = flows === 0 ? 0 : Math.round((1000 * changed.length) / flows) / 10;
  const shown = changed.slice(0, limit);
  const rest = changed.length - shown.length;
  return [
    colours.bold(
      `${changed.length} of ${flows} flows (${share}%) have a different requested placement`,
    ),
    ...REQUESTED_PLACEMENT_NAMES.filter((w) => requests.before[w] + requests.after[w] > 0).map(
      (w) => `  ${w.padEnd(10)}${requests.before[w]} before, ${requests.after[w]} after`,
    ),
    ...(shown.length === 0 ? [] : ['', ...flowLines(shown, context)]),
    ...(rest > 0 ? [colours.dim(`${rest} more; --limit ${changed.length} lists all`)] : []),
  ];
}

function flowLines(flows: readonly ChangedFlow[], context: CliContext): string[] {
  const requestText = ({ requested, rule }: ChangedFlow['before']): string =>
    rule === null ? requested : `${requested} (${rule})`;
  return textTable(
    [
      { title: 'FLOW', align: 'left', text: (f) => f.id.slice(0, 8) },
      { title: 'RATE', align: 'right', text: (f) => bitRate(f.bitsPerSecond) },
      { title: 'PACKETS', align: 'right', text: (f) => packetRate(f.packetsPerSecond) },
      { title: 'BEFORE', align: 'left', text: (f) => requestText(f.before) },
      { title: 'AFTER', align: 'left', text: (f) => requestText(f.after) },
      { title: 'MATCH', align: 'left', text: (f) => f.match },
    ],
    flows,
    lineWidth(context),
    context.stdout.colours.dim,
  );
}

function parseShare(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
}
