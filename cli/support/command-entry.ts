import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/**
 * Adds arguments, options, help and action to a command that has its name and summary.
 *
 * @param wholeProgram the program with all commands configured, for a command that describes them
 */
export type ConfigureCommand = (
  command: Command,
  context: CliContext,
  wholeProgram: () => Promise<Command>,
) => void;

/** A command in the table of commands. */
export interface CommandEntry {
  readonly name: string;
  /** One line for lists of commands, without a capital letter and a full stop. */
  readonly summary: string;
  /** Imports the module of the command; undefined for a group without a text of its own. */
  readonly load?: () => Promise<ConfigureCommand>;
  /** Commands of a group. */
  readonly commands?: readonly CommandEntry[];
}
