import { type Command, InvalidArgumentError } from 'commander';
import { MAX_DECISIONS } from '../../api/decision-query.ts';
import { decisionLine } from '../../views/decision-line.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';

const HELP = `
A record of each change of a flow's placement: time, old and new placement, rule, policy and revision,
the facts that the rule read, and the backend's answer. The daemon keeps the latest records in memory;
with "decisions.file" in the configuration it writes all of them to a file, one JSON object per line.
The latest record comes last, also in JSON.

A record of a shadow policy says what the policy would have done. It has no facts and no reason (null):
"norikae why FLOW" shows what the policy's rules read now.

Exit codes: 0 success, 3 no daemon answers, 4 no such flow and no record of one.

Examples:
  norikae decisions                          the last 20 records
  norikae decisions 5b1f0c7e --limit 5       records of one flow
  norikae decisions --limit 1000 --json | jq '.decisions[] | select(.to == "onload")'
`;

interface DecisionsOptions extends ControlOptions {
  readonly limit: number;
}

/** `norikae decisions [FLOW]`. */
export function decisionsCommand(command: Command, context: CliContext): void {
  command
    .argument('[flow]', 'ufid or a prefix of it', '')
    .option('--limit <n>', `maximum number of records, 1 to ${MAX_DECISIONS}`, parseLimit, 20)
    .addHelpText('after', HELP);
  withControlOptions(command).action(async (flow: string, options: DecisionsOptions) => {
    const query = { flow: flow.toLowerCase(), limit: options.limit };
    const client = clientFor(context, options);
    const found = await client.decisions(query);
    // Latest last, next to the prompt, as in the file.
    const page = { ...found, decisions: found.decisions.toReversed() };
    if (flow !== '' && page.decisions.length === 0) {
      // A flow without records may still exist.
      const answer = await client.why(flow);
      if (!answer.found && answer.candidates.length === 0) {
        if (options.json === true) printJson(context, page);
        throw new CommandFailed(
          `no flow and no decision record matches ${flow}; "norikae flows" lists all flows`,
          ExitCode.notFound,
        );
      }
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

function parseLimit(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MAX_DECISIONS) return limit;
  throw new InvalidArgumentError(`It must be a number from 1 to ${MAX_DECISIONS}.`);
}
