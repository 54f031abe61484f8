import type { Command } from 'commander';
import type { PoliciesView } from '../../api/status-view.ts';
import { textTable } from '../../platform/text-table.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';

const HELP = `
The daemon checks a changed policy file and runs its tests (NAME.test.json in the same folder). If both
succeed, the policy comes into force between two ticks. Otherwise the last valid policies stay in force, and
this command prints the errors.

Exit codes: 0 the files are in force, 1 they were refused and older policies are in force, 3 no daemon
answers.
`;

/** `norikae policy status`: the policies that the running daemon has in force. */
export function policyStatusCommand(command: Command, context: CliContext): void {
  command.addHelpText('after', HELP);
  withControlOptions(command).action(async (options: ControlOptions) => {
    const { policies } = await clientFor(context, options).status();
    if (options.json === true) printJson(context, policies);
    else printLines(context, lines(policies, context));
    if (policies.problems.length > 0) {
      throw new CommandFailed(
        'the files were refused; older policies are in force',
        ExitCode.failed,
      );
    }
  });
}

function lines(policies: PoliciesView, context: CliContext): string[] {
  const { colours } = context.stdout;
  const { inForce, lastReload, problems } = policies;
  return [
    ...textTable(
      [
        { title: 'POLICY', align: 'left', text: (p) => p.name },
        { title: 'VERSION', align: 'left', text: (p) => p.version },
        { title: 'REVISION', align: 'left', text: (p) => p.revision },
        { title: 'MODE', align: 'left', text: (p) => p.mode },
        { title: 'RULES', align: 'right', text: (p) => String(p.rules) },
        { title: 'FILE', align: 'left', text: (p) => p.file },
      ],
      inForce,
      lineWidth(context),
      colours.dim,
    ),
    '',
    `revision ${policies.revision}, in force since ${policies.since}`,
    policies.watching ? 'files are watched' : 'files are not watched; "norikae reload" reads them',
    ...(lastReload === null ? [] : [`last reload ${lastReload.at}: ${lastReload.result}`]),
    ...(problems.length === 0
      ? []
      : [colours.red('refused because of:'), ...problems.map((p) => `  ${p}`)]),
  ];
}
