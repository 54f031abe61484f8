import { Command } from 'commander';
import type { CommandEntry } from './support/command-entry.ts';
import type { CliContext } from './support/context.ts';

/** Which modules of commands are imported: all, or those that a command line names. */
export type Wanted = 'all' | readonly string[];

/** The program without commands, with the settings that its commands inherit. */
export function rootCommand(context: CliContext): Command {
  return new Command('norikae')
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(see --help)')
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'norikae: ')),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/** Adds the commands of a table; those that are not wanted have only name and summary. */
export async function addCommands(
  parent: Command,
  entries: readonly CommandEntry[],
  wanted: Wanted,
  context: CliContext,
  wholeProgram: () => Promise<Command>,
): Promise<void> {
  for (const { name, summary, load, commands = [] } of entries) {
    const command = parent.command(name).description(summary);
    if (wanted !== 'all' && wanted[0] !== name) continue;
    const configure = await load?.();
    configure?.(command, context, wholeProgram);
    const below = wanted === 'all' ? 'all' : wanted.slice(1);
    await addCommands(command, commands, below, context, wholeProgram);
  }
}
