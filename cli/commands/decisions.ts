import { type Command, InvalidArgumentError, Option } from 'commander';
import { MAX_DECISIONS } from '../../api/decision-query.ts';
import type { DecisionPage, DecisionRecord } from '../../api/decision-record.ts';
import { QuantityError } from '../../policy/model/quantity.ts';
import { decisionLine } from '../../views/decision-line.ts';
import type { ControlClient } from '../client/client.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { timeSpan } from '../support/number-options.ts';
import { followDecisions } from '../support/follow-decisions.ts';

const HELP = `
A record of each change of a flow's placement: time, old and new placement, rule, policy and revision,
the facts that the rule read, and the backend's answer. The daemon keeps the latest records in memory;
with "decisions.file" in the configuration it writes all of them to a file, one JSON object per line.
The latest record comes last, also in JSON.

With --follow, records are printed as they are made, until Ctrl-C or until the daemon exits; with --json one
object per line.

A record of a shadow policy says what the policy would have done. It has no facts and no reason (null):
"norikae why FLOW" shows what the policy's rules read now.

Exit codes: 0 success, 3 no daemon answers, or it exited, 4 no such flow and no record of one.

Examples:
  norikae decisions                          the last 20 records
  norikae decisions 5b1f0c7e --limit 5       records of one flow
  norikae decisions --since 10m              records of the last ten minutes
  norikae decisions --since 2026-03-01T03:00:00+01:00
  norikae decisions --follow --json | jq -r 'select(.to == "onload") | .flow'
  norikae decisions --limit 1000 --json | jq '.decisions[] | select(.to == "onload")'
`;

/** Records that are shown without --limit and --since. */
const DEFAULT_LIMIT = 20;

interface DecisionsOptions extends ControlOptions {
  readonly limit?: number;
  /** Ms since 1970. */
  readonly since?: number;
  readonly follow?: boolean;
}

/** `norikae decisions [FLOW]`. */
export function decisionsCommand(command: Command, context: CliContext): void {
  command
    .argument('[flow]', 'ufid or a prefix of it', '')
    .option(
      '--limit <n>',
      `maximum number of records, 1 to ${MAX_DECISIONS} (default: ${DEFAULT_LIMIT}, or all with --since)`,
      parseLimit,
    )
    .addOption(
      new Option(
        '--since <time>',
        'only records since then: a time ago such as 10m, or an ISO 8601 time',
      ).argParser(parseSince),
    )
    .option('-f, --follow', 'print further records as they are made')
    .addHelpText('after', HELP);
  withControlOptions(command).action(async (flow: string, options: DecisionsOptions) => {
    const client = clientFor(context, options);
    const { page, newest } = await latest(client, flow.toLowerCase(), options);
    if (page.decisions.length === 0) await checkFlow(context, client, flow, page, options);
    if (options.follow === true) {
      await follow(context, client, flow.toLowerCase(), { shown: page.decisions, newest }, options);
      return;
    }
    if (options.json === true) {
      printJson(context, page);
      return;
    }
    const { colours } = context.stdout;
    const lost = page.lost === 0 ? '' : `, ${page.lost} lost`;
    printLines(context, [
      ...page.decisions.map((decision) => decisionLine(decision, colours)),
      colours.dim(`${page.decisions.length} shown, ${page.kept} in memory${lost}`),
    ]);
  });
}

/** The latest records, latest last: next to the prompt, as in the file; and the newest of all. */
async function latest(
  client: ControlClient,
  flow: string,
  { limit, since }: DecisionsOptions,
): Promise<{ readonly page: DecisionPage; readonly newest: DecisionRecord | undefined }> {
  const shown = limit ?? (since === undefined ? DEFAULT_LIMIT : MAX_DECISIONS);
  const found = await client.decisions({ flow, limit: shown });
  const recent = found.decisions.filter(({ time }) => Date.parse(time) >= (since ?? 0));
  const page = { ...found, decisions: recent.toReversed() };
  return { page, newest: found.decisions.at(0) };
}

/** A flow without records may still exist; an id that no flow has is an error. */
async function checkFlow(
  context: CliContext,
  client: ControlClient,
  flow: string,
  page: DecisionPage,
  { json }: DecisionsOptions,
): Promise<void> {
  if (flow === '') return;
  const answer = await client.why(flow);
  if (answer.found || answer.candidates.length > 0) return;
  if (json === true) printJson(context, page);
  throw new CommandFailed(
    `no flow and no decision record matches ${flow}; "norikae flows" lists all flows`,
    ExitCode.notFound,
  );
}

/** What was printed first, and the record after which others are new. */
interface Begun {
  readonly shown: readonly DecisionRecord[];
  readonly newest: DecisionRecord | undefined;
}

async function follow(
  context: CliContext,
  client: ControlClient,
  flow: string,
  { shown, newest }: Begun,
  { json }: DecisionsOptions,
): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const print = (decision: DecisionRecord): void => {
    if (json === true) printJson(context, decision);
    else printLines(context, [decisionLine(decision, context.stdout.colours)]);
  };
  for (const decision of shown) print(decision);
  try {
    await followDecisions({
      client,
      flow,
      seen: newest,
      onDecision: print,
      onGap: () =>
        context.stderr.write('norikae: some records are missing here: there were too many\n'),
      signal: stop.signal,
    });
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function parseSince(text: string): number {
  const time = Date.parse(text);
  if (/^\d{4}-/.test(text) && Number.isFinite(time)) return time;
  try {
    return Date.now() - timeSpan(text);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new InvalidArgumentError(
      'It must be a time ago such as 10m, or an ISO 8601 time such as 2026-03-01T03:00:00Z.',
    );
  }
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MAX_DECISIONS) return limit;
  throw new InvalidArgumentError(`It must be a number from 1 to ${MAX_DECISIONS}.`);
}
