import { Command, InvalidArgumentError } from 'commander';
import { MAX_DECISIONS } from '../../api/decision-query.ts';
import { decisionLine } from '../../views/decision-line.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';

const HELP = `
Each change of a flow's placement: when, from where to where, which rule of which policy and
revision, the facts it looked at, and what the backend said. The daemon keeps the last ones in
memory, and with "decisions.file" in its configuration all of them in a file, one JSON object a
line. The latest is the last, in JSON, too.

Of a shadow policy it says what it would have done first; such records have neither facts nor a
reason (null): "norikae why FLOW" shows what the policy's rules look at now.

Exit codes: 0 done, 3 no daemon, 4 there is no such flow, and no record of one.

Examples:
  norikae decisions                          the last 20
  norikae decisions 5b1f0c7e --limit 5       of one flow
  norikae decisions --limit 1000 --json | jq '.decisions[] | select(.to == "onload")'
`;

interface DecisionsOptions extends ControlOptions {
  readonly limit: number;
}

/** `norikae decisions [FLOW]`. */
export function decisionsCommand(context: CliContext): Command {
  const command = new Command('decisions')
    .description('list the last changes of placement, and what led to them')
    .argument('[flow]', 'ufid, or the beginning of one', '')
    .option('--limit <n>', `most to show, 1 to ${MAX_DECISIONS}`, parseLimit, 20)
    .addHelpText('after', HELP);
  return withControlOptions(command).action(async (flow: string, options: DecisionsOptions) => {
    const query = { flow: flow.toLowerCase(), limit: options.limit };
    const client = clientFor(context, options);
    const found = await client.decisions(query);
    // The latest last, where the eye is, as in the file.
    const page = { ...found, decisions: found.decisions.toReversed() };
    if (flow !== '' && page.decisions.length === 0) {
      // One that was never moved is no mistake.
      const answer = await client.why(flow);
      if (!answer.found && answer.candidates.length === 0) {
        if (options.json === true) printJson(context, page);
        throw new CommandFailed(
          `there is no flow ${flow}, and no decision about one; "norikae flows" lists those there are`,
          ExitCode.notFound,
        );
      }
    }
    if (options.json === true) {
      printJson(context, page);
      return;
    }
    const { colours } = context.stdout;
    const lost = page.lost === 0 ? '' : `, ${page.lost} were lost`;
    printLines(context, [
      ...page.decisions.map((decision) => decisionLine(decision, colours)),
      colours.dim(`${page.decisions.length} shown, ${page.kept} in memory${lost}`),
    ]);
  });
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MAX_DECISIONS) return limit;
  throw new InvalidArgumentError(`It must be a number from 1 to ${MAX_DECISIONS}.`);
}
