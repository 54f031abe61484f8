import type { Command } from 'commander';
import { whyReport } from '../../views/why-report.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';

const EXAMPLES = `
FLOW is a ufid as printed by "norikae flows" and "ovs-appctl dpctl/dump-flows -m", or a unique prefix of
one.

Examples:
  norikae why 5b1f0c7e
  norikae why 5b1f --json | jq -r .why.flow.reason.text
`;

/** `norikae why FLOW`: why a flow is where it is. */
export function whyCommand(command: Command, context: CliContext): void {
  command.argument('<flow>', 'ufid or a unique prefix of it').addHelpText('after', EXAMPLES);
  withControlOptions(command).action(async (flow: string, options: ControlOptions) => {
    const answer = await clientFor(context, options).why(flow);
    if (answer.found) {
      if (options.json === true) printJson(context, answer);
      else printLines(context, whyReport(answer.why, context.stdout.colours));
      return;
    }
    if (options.json === true) printJson(context, answer);
    throw new CommandFailed(
      answer.candidates.length === 0
        ? `there is no flow ${flow}; it may have ended. "norikae flows" lists all flows`
        : `several flows begin with ${flow}:\n  ${answer.candidates.join('\n  ')}`,
      ExitCode.notFound,
    );
  });
}
