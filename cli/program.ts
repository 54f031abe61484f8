import { Command, CommanderError } from 'commander';
import { ConfigError, ConfigUnreadable } from '../config/config-error.ts';
import { ControlForbidden, ControlTimeout, DaemonUnreachable } from './client/client-errors.ts';
import { TlsFilesUnusable } from '../server/http/http-security.ts';
import { SecretFileExposed, SecretFileUnusable } from '../platform/secret-file.ts';
import { packageVersion } from '../platform/package-root.ts';
import { PoliciesUnusable } from '../daemon/policies/policy-manager.ts';
import { checkConfigCommand } from './commands/check-config.ts';
import type { CliContext } from './support/context.ts';
import { CommandEnded, CommandFailed, ExitCode } from './support/exit-codes.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { decisionsCommand } from './commands/decisions.ts';
import { flowsCommand } from './commands/flows.ts';
import { onloadAllCommand } from './commands/onload-all.ts';
import { hashPasswordCommand } from './commands/hash-password.ts';
import { reloadCommand } from './commands/reload.ts';
import { policyCommand } from './policy/policy.ts';
import { openflowCommand } from './openflow/openflow.ts';
import { recordCommand } from './commands/record.ts';
import { replayCommand } from './commands/replay.ts';
import { resumeCommand } from './commands/resume.ts';
import { runCommand } from './commands/run.ts';
import { statusCommand } from './commands/status.ts';
import { topCommand } from './commands/top.ts';
import { versionCommand } from './commands/version.ts';
import { whyCommand } from './commands/why.ts';
import { errorMessage } from '../text/error-message.ts';

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

/** Runs one command line (without node and script); resolves to the exit code. */
export async function runProgram(context: CliContext, argv: readonly string[]): Promise<number> {
  try {
    await program(context).parseAsync(argv, { from: 'user' });
    return ExitCode.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    if (error instanceof CommandEnded) return error.exitCode;
    const { colours } = context.stderr;
    context.stderr.write(`${colours.red('norikae:')} ${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function program(context: CliContext): Command {
  const root = new Command('norikae')
    .description('Decides which flows of Open vSwitch are offloaded to the NIC, and moves them.')
    .version(packageVersion(), '-V, --version')
    .addHelpText('after', HELP)
    .showSuggestionAfterError();
  const commands = [
    runCommand(context),
    checkConfigCommand(context),
    doctorCommand(context),
    topCommand(context),
    flowsCommand(context),
    whyCommand(context),
    decisionsCommand(context),
    statusCommand(context),
    onloadAllCommand(context),
    resumeCommand(context),
    reloadCommand(context),
    policyCommand(context),
    hashPasswordCommand(context),
    recordCommand(context),
    replayCommand(context),
    openflowCommand(context),
    versionCommand(context),
  ];
  for (const command of commands) root.addCommand(command);
  for (const command of [root, ...commands.flatMap(withSubcommands)]) {
    command
      .exitOverride()
      .showHelpAfterError('(see --help)')
      .configureOutput({
        writeOut: (text) => context.stdout.write(text),
        writeErr: (text) => context.stderr.write(text),
        outputError: (text, write) => write(text.replace(/^error: /, 'norikae: ')),
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      });
  }
  return root;
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands];
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandFailed) return error.exitCode;
  if (
    error instanceof ConfigError ||
    error instanceof ConfigUnreadable ||
    error instanceof PoliciesUnusable ||
    error instanceof TlsFilesUnusable ||
    error instanceof SecretFileUnusable ||
    error instanceof SecretFileExposed
  ) {
    return ExitCode.usage;
  }
  if (
    error instanceof DaemonUnreachable ||
    error instanceof ControlForbidden ||
    error instanceof ControlTimeout
  ) {
    return ExitCode.unreachable;
  }
  return ExitCode.failed;
}

function messageOf(error: unknown): string {
  if (error instanceof ConfigError) return `the configuration has errors\n${error.message}`;
  return errorMessage(error);
}
