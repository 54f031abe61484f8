import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { fileErrorText } from '../../platform/file-error.ts';
import { JsonDocument } from '../../text/json-document.ts';
import { formatJson } from '../../text/json-format.ts';
import { counted } from '../../text/format.ts';
import { formatProblem, type Problem } from '../../text/problem.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { failingInJson } from '../support/json-errors.ts';
import { policyAndTestFiles } from '../support/paths.ts';

const HELP = `
Writes policies and tests in one layout: two spaces of indentation, lines of up to 100 columns, no trailing
commas, at most one empty line. An object whose first key is in a line of its own stays spread over lines.
Comments are kept, and so is the order of keys. A file with a syntax error is not changed.

In a folder, formats every .json file that is not a schema. Prints the files that changed.

Exit codes: 0 success; 1 a syntax error or, with --check, a file that is not in this layout; 2 usage error.

Examples:
  norikae policy fmt mine.json mine.test.json
  norikae policy fmt --check policies/          in continuous integration
  norikae policy fmt - < mine.json              from standard input to standard output
`;

/** Standard input, as a path. */
const STANDARD_INPUT = '-';

interface FormatOptions {
  readonly check?: boolean;
  readonly json?: boolean;
}

/** Result of formatting one file; `text` is undefined if it has errors. */
interface Formatted {
  readonly file: string;
  readonly before: string;
  readonly text: string | undefined;
  readonly problems: readonly Problem[];
}

/** `norikae policy fmt FILE|DIR...`. */
export function policyFormatCommand(command: Command, context: CliContext): void {
  command
    .argument('<path...>', 'policies, tests or folders; - is standard input')
    .option('--check', 'change nothing, and fail if a file would change')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: FormatOptions) => {
      if (paths.length === 1 && paths[0] === STANDARD_INPUT) {
        formatInput(context, options);
        return;
      }
      const results = await failingInJson(context, options.json, () =>
        policyAndTestFiles(paths).map((file) => formatted(file, textOf(file))),
      );
      const changed = results.filter(({ before, text }) => text !== undefined && text !== before);
      if (options.check !== true) {
        for (const { file, text } of changed) if (text !== undefined) write(file, text);
      }
      report(context, options, results, changed);
    });
}

function report(
  context: CliContext,
  { check, json }: FormatOptions,
  results: readonly Formatted[],
  changed: readonly Formatted[],
): void {
  const problems = results.flatMap((result) => result.problems);
  const files = changed.map(({ file }) => file);
  const isWrong = problems.length > 0 || (check === true && files.length > 0);
  if (json === true) printJson(context, { ok: !isWrong, changed: files, problems });
  else printLines(context, [...problems.map(formatProblem), ...files]);
  if (problems.length > 0)
    throw new CommandFailed(counted(problems.length, 'error'), ExitCode.failed);
  if (isWrong) {
    const message = `${counted(files.length, 'file')} not formatted; run "norikae policy fmt"`;
    throw new CommandFailed(message, ExitCode.failed);
  }
}

function formatInput(context: CliContext, { check }: FormatOptions): void {
  const { before, text, problems } = formatted('standard input', textOf(STANDARD_INPUT));
  if (text === undefined) {
    throw new CommandFailed(problems.map(formatProblem).join('\n'), ExitCode.failed);
  }
  if (check !== true) context.stdout.write(text);
  else if (text !== before) throw new CommandFailed('not formatted', ExitCode.failed);
}

function formatted(file: string, before: string): Formatted {
  const { problems } = new JsonDocument(file, before, 'jsonc');
  return { file, before, problems, text: problems.length > 0 ? undefined : formatJson(before) };
}

function textOf(path: string): string {
  try {
    return readFileSync(path === STANDARD_INPUT ? 0 : path, 'utf8');
  } catch (error) {
    throw new CommandFailed(`cannot read ${path}: ${fileErrorText(error)}`, ExitCode.usage);
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const message = `cannot write ${file}: ${fileErrorText(error)}`;
    throw new CommandFailed(message, ExitCode.failed, { cause: error });
  }
}
