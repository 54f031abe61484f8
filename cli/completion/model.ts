import type { Argument, Command, Option } from 'commander';

/** What a word on the command line can be: a file, one of some words, or anything. */
export type Values =
  | { readonly kind: 'files' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'text' };

export interface CompletedOption {
  /** `-h` and `--help`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Values of the option; undefined: it has none. */
  readonly value: Values | undefined;
}

export interface CompletedOperand {
  readonly name: string;
  readonly values: Values;
  readonly variadic: boolean;
}

/** A command as shells complete it. */
export interface CompletedCommand {
  /** Words from the program to the command; empty for the program itself. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly operands: readonly CompletedOperand[];
  readonly commands: readonly CompletedCommand[];
}

/** Names of arguments and of values of options that are paths of files. */
const FILE_NAMES: ReadonlySet<string> = new Set(['file', 'path', 'trace', 'before', 'after']);

/** The program and all its commands, from commander's. */
export function completionModel(root: Command): CompletedCommand {
  const model = commandModel(root, []);
  const words = model.commands.map(({ path }) => path[0]);
  const help: CompletedCommand = {
    path: ['help'],
    summary: 'display help for a command',
    options: [],
    operands: [{ name: 'command', values: { kind: 'words', words }, variadic: false }],
    commands: [],
  };
  return { ...model, commands: [...model.commands, help] };
}

/** A command, then the commands below it, in order. */
export function withCommandsBelow(command: CompletedCommand): readonly CompletedCommand[] {
  return [command, ...command.commands.flatMap(withCommandsBelow)];
}

function commandModel(command: Command, path: readonly string[]): CompletedCommand {
  const help = command.createHelp();
  return {
    path,
    summary: command.description(),
    options: help.visibleOptions(command).map(optionModel),
    operands: command.registeredArguments.map(operandModel),
    commands: command.commands.map((below) => commandModel(below, [...path, below.name()])),
  };
}

function optionModel(option: Option): CompletedOption {
  const { short, long, description, required, optional, argChoices, flags } = option;
  const name = /[<[]([^>\].]+)/.exec(flags)?.[1] ?? '';
  return {
    names: [short, long].filter((flag) => flag !== undefined),
    description,
    value: required || optional ? valuesOf(name, argChoices) : undefined,
  };
}

function operandModel(argument: Argument): CompletedOperand {
  const { variadic, argChoices } = argument;
  const name = argument.name();
  return { name, variadic, values: valuesOf(name, argChoices) };
}

function valuesOf(name: string, choices: readonly string[] | undefined): Values {
  if (choices !== undefined) return { kind: 'words', words: choices };
  return FILE_NAMES.has(name) ? { kind: 'files' } : { kind: 'text' };
}
