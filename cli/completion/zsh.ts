import {
  type CompletedCommand,
  type CompletedOperand,
  type CompletedOption,
  type Values,
  withCommandsBelow,
} from './model.ts';

/** A script that completes the program's command lines in zsh, sourced or as a file in `fpath`. */
export function zshCompletion(root: CompletedCommand): string {
  return `#compdef norikae
# zsh completion for norikae, written by "norikae completion zsh".

${withCommandsBelow(root).map(commandFunction).join('\n\n')}

if [[ "$funcstack[1]" == _norikae ]]; then
  _norikae "$@"
else
  compdef _norikae norikae
fi
`;
}

function commandFunction(command: CompletedCommand): string {
  const { options, operands, commands } = command;
  const specs = options.map(optionSpec);
  if (commands.length > 0) return groupFunction(command, specs);
  specs.push(...operands.map(operandSpec));
  return `${functionName(command)}() {
  _arguments -s -S : ${specs.map((spec) => `\\\n    ${spec}`).join(' ')}
}`;
}

function groupFunction(command: CompletedCommand, specs: readonly string[]): string {
  const { commands } = command;
  const names = commands.map(({ path, summary }) =>
    quoted(`${path.at(-1) ?? ''}:${summary.replaceAll(':', '\\:')}`),
  );
  const cases = commands.map((below) => `    ${below.path.at(-1)}) ${functionName(below)} ;;`);
  return `${functionName(command)}() {
  local curcontext="$curcontext" state
  local -a line commands
  commands=(
    ${names.join('\n    ')}
  )
  _arguments -C ${specs.map((spec) => `\\\n    ${spec}`).join(' ')} \\
    '1: :->command' '*:: :->rest' && return
  if [[ $state == command ]]; then
    _describe -t commands command commands
    return
  fi
  case $line[1] in
${cases.join('\n')}
  esac
}`;
}

function functionName({ path }: CompletedCommand): string {
  return ['_norikae', ...path].join('_');
}

/** `'(-h --help)'{-h,--help}'[description]:values:action'`. */
function optionSpec({ names, description, value }: CompletedOption): string {
  const text = description.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  const action = value === undefined ? '' : `:value:${actionOf(value)}`;
  // "--sort rate" and "--sort=rate".
  const flags = names.map((name) =>
    value !== undefined && name.startsWith('--') ? `${name}=` : name,
  );
  if (flags.length === 1) return quoted(`${flags[0]}[${text}]${action}`);
  return `${quoted(`(${names.join(' ')})`)}{${flags.join(',')}}${quoted(`[${text}]${action}`)}`;
}

function operandSpec({ name, values, variadic }: CompletedOperand): string {
  return quoted(`${variadic ? '*' : ''}:${name}:${actionOf(values)}`);
}

function actionOf(values: Values): string {
  if (values.kind === 'files') return '_files';
  return values.kind === 'words' ? `(${values.words.join(' ')})` : ' ';
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
