import type { Command } from 'commander';
import { MAX_FLOWS } from '../../api/flow-query.ts';
import { flowTable } from '../../views/flow-columns.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { clientFor, withControlOptions } from '../support/control-options.ts';
import { type FlowOptions, queryOf, withFlowOptions } from '../support/flow-options.ts';

const EXAMPLES = `
Examples:
  norikae flows                                the 20 flows with the highest rates
  norikae flows --placement offload            flows on the NIC
  norikae flows --slice red --sort bytes       flows of a slice, most bytes first
  norikae flows --connections                  connections that conntrack tracks, one by one
  norikae flows tcp_dst=443 table-full         HTTPS flows that wait for a free entry
  norikae flows --limit 10000 --json | jq      all flows as JSON
`;

/** `norikae flows`: flows of the last tick, sorted and filtered. */
export function flowsCommand(command: Command, context: CliContext): void {
  withFlowOptions(command, 20).addHelpText('after', EXAMPLES);
  withControlOptions(command).action(async (words: string[], options: FlowOptions) => {
    const page = await clientFor(context, options).flows(queryOf(words, options));
    if (options.json === true) {
      printJson(context, page);
      return;
    }
    const shown = page.flows.length;
    const rest = shown < page.matching ? ` (${shown} shown; ${moreOf(page.matching)})` : '';
    printLines(context, [
      ...(shown === 0 ? [] : flowTable(page.flows, lineWidth(context), context.stdout.colours)),
      context.stdout.colours.dim(`${page.matching} of ${page.total} flows${rest}`),
    ]);
  });
}

function moreOf(matching: number): string {
  return matching <= MAX_FLOWS
    ? `--limit ${matching} for all`
    : `the limit is ${MAX_FLOWS}; use words and options to narrow the list`;
}
