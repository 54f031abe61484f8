import { type CompletedCommand, type Values, withCommandsBelow } from './model.ts';

/** A script that completes the program's command lines in bash 4 or later. */
export function bashCompletion(root: CompletedCommand): string {
  const all = withCommandsBelow(root);
  const paths = all.filter(({ path }) => path.length > 0).map(({ path }) => pathText(path));
  return `# bash completion for norikae, written by "norikae completion bash".
_norikae_files() {
  compopt -o filenames 2> /dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_norikae_words() {
  mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

_norikae() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path='' i
  COMPREPLY=()
  # bash splits "--sort=rate" at "=".
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/\${COMP_WORDS[i]}" in
      ${paths.map(quoted).join(' | \\\n        ')}) path="$path/\${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
  done
  case "$path $prev" in
${all.flatMap(valueCases).join('\n')}
  esac
  case "$path" in
${all.map(commandCase).join('\n')}
  esac
}

complete -F _norikae norikae
`;
}

/** A path as the script keeps it: `/policy/check`; the program's is empty. */
function pathText(path: readonly string[]): string {
  return path.map((name) => `/${name}`).join('');
}

function valueCases({ path, options }: CompletedCommand): readonly string[] {
  return options.flatMap(({ names, value }) =>
    value === undefined
      ? []
      : [
          `    ${names.map((name) => quoted(`${pathText(path)} ${name}`)).join(' | ')}) ` +
            `${valueCommand(value)}return ;;`,
        ],
  );
}

function valueCommand(values: Values): string {
  if (values.kind === 'text') return '';
  return values.kind === 'files'
    ? '_norikae_files "$cur"; '
    : `_norikae_words "$cur" ${quoted(values.words.join(' '))}; `;
}

function commandCase({ path, options, operands, commands }: CompletedCommand): string {
  const flags = options.flatMap(({ names }) => names).join(' ');
  const names = commands.map((below) => below.path.at(-1) ?? '');
  const values: Values =
    names.length > 0 ? { kind: 'words', words: names } : (operands[0]?.values ?? { kind: 'text' });
  return `    ${quoted(pathText(path))})
      if [[ $cur == -* ]]; then
        _norikae_words "$cur" ${quoted(flags)}
      else
        ${valueCommand(values) || ':'}
      fi ;;`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
