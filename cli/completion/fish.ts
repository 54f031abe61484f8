import {
  type CompletedCommand,
  type CompletedOption,
  type Values,
  withCommandsBelow,
} from './model.ts';

/** A script that completes the program's command lines in fish 3 or later. */
export function fishCompletion(root: CompletedCommand): string {
  return `# fish completion for norikae, written by "norikae completion fish".
# Words before the cursor, without the program and options.
function __norikae_words
    set -l words (commandline -opc)
    set -e words[1]
    string match -v -- '-*' $words
end

# The words are exactly these: a command of the group is next.
function __norikae_group
    set -l words (__norikae_words)
    test "$words" = "$argv"
end

# The words begin with these.
function __norikae_command
    set -l words (__norikae_words)
    set -l depth (count $argv)
    test "$words[1..$depth]" = "$argv"
end

complete -c norikae -f
${withCommandsBelow(root).flatMap(commandLines).join('\n')}
`;
}

function commandLines(command: CompletedCommand): readonly string[] {
  const { path, options, operands, commands } = command;
  const group = commands.length > 0;
  const at = `complete -c norikae -n ${quoted([group ? '__norikae_group' : '__norikae_command', ...path].join(' '))}`;
  return [
    ...commands.map(
      (below) => `${at} -a ${quoted(below.path.at(-1) ?? '')} -d ${quoted(below.summary)}`,
    ),
    ...options.map((option) => `${at} ${optionText(option)}`),
    ...operands
      .slice(0, 1)
      .flatMap(({ values }) => operandText(values).map((text) => `${at} ${text}`)),
  ];
}

function optionText({ names, description, value }: CompletedOption): string {
  const flags = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  return [
    ...flags,
    ...(value === undefined ? [] : [valueText(value)]),
    `-d ${quoted(description)}`,
  ].join(' ');
}

function valueText(values: Values): string {
  if (values.kind === 'files') return '-r -F';
  return values.kind === 'words' ? `-x -a ${quoted(values.words.join(' '))}` : '-x';
}

function operandText(values: Values): readonly string[] {
  if (values.kind === 'files') return ['-F'];
  return values.kind === 'words' ? [`-a ${quoted(values.words.join(' '))}`] : [];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
