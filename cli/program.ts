import { type Command, CommanderError } from 'commander';
import { packageVersion } from '../platform/package-root.ts';
import { COMMANDS } from './command-table.ts';
import { addCommands, rootCommand, type Wanted } from './command-tree.ts';
import type { CliContext } from './support/context.ts';
import { CommandEnded, ExitCode } from './support/exit-codes.ts';

const HELP = `
Commands find the daemon by its control socket: --control PATH, else NORIKAE_CONTROL, else the default
locations (/run/norikae for root; $XDG_RUNTIME_DIR/norikae or a private folder in /tmp for other users).

Exit codes:
  0  success
  1  failure; the message gives the cause
  2  usage error, or errors in a configuration or policy file
  3  no daemon answers
  4  no such flow, or an ambiguous id
  5  the daemon's event loop was blocked; the log has the place
"norikae status --check" exits with 0, 1 or 2, as monitoring plugins do.

Examples:
  norikae check-config norikae.json        check the configuration first
  norikae doctor                           see what this host can offload, and what prevents it
  norikae run --config norikae.json        run the daemon
  norikae top                              watch it
  norikae why 5b1f0c7e                     explain why a flow is where it is
  norikae onload-all                       move everything back to the vSwitch, now
  norikae policy --help                    write, check, test and compare policies
  norikae replay last-night.nkrec          try a policy on recorded traffic
  norikae openflow decode sent.bin         print the messages sent to an OpenFlow switch
`;

const STANDARD_ERROR = 2;

/** Runs one command line (without node and script); resolves to the exit code. */
export async function runProgram(context: CliContext, argv: readonly string[]): Promise<number> {
  try {
    // "help why" shows the options of "why".
    const wanted = argv.filter((word) => word !== 'help');
    await (await program(context, wanted)).parseAsync(argv, { from: 'user' });
    return ExitCode.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    if (error instanceof CommandEnded) return error.exitCode;
    const { exitCodeOf, failureMessage } = await import('./support/failure.ts');
    const { isJournal, withPriority } = await import('../platform/journal.ts');
    const { stderr, env } = context;
    const text = `${stderr.colours.red('norikae:')} ${failureMessage(error)}\n`;
    stderr.write(isJournal(STANDARD_ERROR, env) ? withPriority('error', text) : text);
    return exitCodeOf(error);
  }
}

/** The program; of the commands that are not wanted only names and summaries. */
export async function program(context: CliContext, wanted: Wanted): Promise<Command> {
  const root = rootCommand(context)
    .description('Decides which flows of Open vSwitch are offloaded to the NIC, and moves them.')
    .version(packageVersion(), '-V, --version')
    .addHelpText('after', HELP);
  await addCommands(root, COMMANDS, wanted, context, () => program(context, 'all'));
  return root;
}
