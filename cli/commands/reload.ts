import type { Command } from 'commander';
import { counted } from '../../text/format.ts';
import { type CliContext, printJson, printLines, printProblems } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';

const EXAMPLES = `
The same as SIGHUP or "systemctl reload norikae". When a policy has errors, they are listed and the last
valid policies stay in force. Changes of the configuration file need a restart.
`;

/** `norikae reload`: reloads the policies. */
export function reloadCommand(command: Command, context: CliContext): void {
  command.addHelpText('after', EXAMPLES);
  withControlOptions(command).action(async (options: ControlOptions) => {
    const result = await clientFor(context, options).reload();
    if (options.json === true) printJson(context, result);
    if (!result.ok) {
      if (options.json !== true) printProblems(context, result.problems);
      throw new CommandFailed('the last valid policies stay in force', ExitCode.usage);
    }
    if (options.json === true) return;
    const are = result.rules === 1 ? 'is' : 'are';
    printLines(context, [`${counted(result.rules, 'rule')} ${are} in force`]);
  });
}
