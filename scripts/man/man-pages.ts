// The man pages of the program and of each command, from the same texts as their --help.
import type { Command, Help } from 'commander';
import { program } from '../../cli/program.ts';
import { coloursOf } from '../../platform/terminal.ts';
import { heading, paragraph, roff, term, verbatim } from './roff.ts';

/** A man page of section 1. */
export interface ManPage {
  /** `norikae-policy-check.1`. */
  readonly file: string;
  readonly text: string;
}

const WIDTH = 100;

/** All man pages. */
export async function manPages(): Promise<readonly ManPage[]> {
  let printed = '';
  const terminal = {
    write: (text: string): void => {
      printed += text;
    },
    backlog: () => 0,
    interactive: false,
    size: () => ({ columns: WIDTH, rows: 1 }),
    colours: coloursOf(false),
  };
  const root = await program(
    {
      stdout: terminal,
      stderr: terminal,
      env: {},
      loadDaemon: () => Promise.reject(new Error('a man page runs no daemon')),
      exit: () => {},
      now: () => 0,
    },
    'all',
  );
  return commandPaths(root, []).map(({ command, path }) => {
    printed = '';
    command.outputHelp();
    const after = printed.slice(command.helpInformation().length);
    return { file: `${['norikae', ...path].join('-')}.1`, text: manPage(command, path, after) };
  });
}

interface Named {
  readonly command: Command;
  readonly path: readonly string[];
}

function commandPaths(command: Command, path: readonly string[]): readonly Named[] {
  return [
    { command, path },
    ...command.commands.flatMap((below) => commandPaths(below, [...path, below.name()])),
  ];
}

function manPage(command: Command, path: readonly string[], after: string): string {
  const name = ['norikae', ...path].join('-');
  const help = command.createHelp();
  const sections = sectionsOf(after);
  const summary = command.description();
  return [
    // Without a date, so that the page depends on the commands alone.
    `.TH ${roff(name.toUpperCase())} 1 "" Norikae "Norikae Manual"\n`,
    heading('NAME'),
    `${roff(name)} \\- ${roff(path.length === 0 ? summary.replace(/\.$/, '') : summary)}\n`,
    heading('SYNOPSIS'),
    `\\fB${roff(['norikae', ...path].join(' '))}\\fR ${roff(command.usage())}\n`,
    ...listed('DESCRIPTION', sections.description),
    ...argumentsOf(command, help),
    heading('OPTIONS'),
    ...help
      .visibleOptions(command)
      .map((option) => term(option.flags, help.optionDescription(option))),
    ...commandsOf(command, path),
    ...listed('EXIT STATUS', sections.exitCodes),
    ...listed('EXAMPLES', sections.examples),
    ...seeAlso(path),
  ].join('');
}

function listed(title: string, parts: readonly string[]): readonly string[] {
  return parts.length === 0 ? [] : [heading(title), ...parts];
}

function argumentsOf(command: Command, help: Help): readonly string[] {
  return listed(
    'ARGUMENTS',
    help
      .visibleArguments(command)
      .map((argument) => term(`<${argument.name()}>`, help.argumentDescription(argument))),
  );
}

function commandsOf(command: Command, path: readonly string[]): readonly string[] {
  return listed(
    'COMMANDS',
    command.commands.map((below) =>
      term(['norikae', ...path, below.name()].join('-') + '(1)', below.description()),
    ),
  );
}

function seeAlso(path: readonly string[]): readonly string[] {
  if (path.length === 0) return [];
  const above = path.map((_, i) => `${['norikae', ...path.slice(0, i)].join('-')}(1)`);
  return [heading('SEE ALSO'), `${roff(above.join(', '))}\n`];
}

interface Sections {
  readonly description: string[];
  readonly exitCodes: string[];
  readonly examples: string[];
}

/** The text after a command's options, by the heading of its paragraphs. */
function sectionsOf(text: string): Sections {
  const sections: Sections = { description: [], exitCodes: [], examples: [] };
  for (const part of text.split(/\n{2,}/)) {
    const lines = part.split('\n').filter((line) => line.trim() !== '');
    if (lines.length === 0) continue;
    const title = /^(Examples|Exit codes): ?(.*)$/.exec(lines[0]);
    if (title === null) sections.description.push(...blocks(lines));
    else {
      const rest = [...(title[2] === '' ? [] : [title[2]]), ...lines.slice(1)];
      const section = title[1] === 'Examples' ? sections.examples : sections.exitCodes;
      section.push(...blocks(rest));
    }
  }
  return sections;
}

/** Lines as paragraphs; indented lines stay as they are. */
function blocks(lines: readonly string[]): readonly string[] {
  const found: string[] = [];
  let at = 0;
  while (at < lines.length) {
    const indented = lines[at].startsWith('  ');
    let end = at;
    while (end < lines.length && lines[end].startsWith('  ') === indented) end++;
    const block = lines.slice(at, end);
    found.push(
      indented ? verbatim(block.map((line) => line.slice(2))) : paragraph(block.join(' ')),
    );
    at = end;
  }
  return found;
}
