import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { fileErrorText } from '../../platform/file-error.ts';
import { TEST_SUFFIX } from '../../policy-tools/testing/run-tests.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { failingInJson } from '../support/json-errors.ts';
import { wrappedTable } from '../support/wrapped-table.ts';
import { sampleNames, samples, sampleTexts, STARTER } from './samples.ts';

const HELP = `
Writes a policy NAME.json and its tests NAME.test.json; their descriptions say what to change. --from takes a
policy that comes with Norikae, with its tests. Without a name, lists what there is to choose from. Existing
files are not overwritten.

Examples:
  norikae policy init                                      the policies to begin with
  norikae policy init mine                                 a small one
  norikae policy init mine --from fair-slices
  norikae policy init /etc/norikae/policies/mine.json
`;

interface InitOptions {
  readonly from: string;
  readonly json?: boolean;
}

/** `norikae policy init NAME`. */
export function policyInitCommand(command: Command, context: CliContext): void {
  command
    .argument('[name]', 'name of the policy or of its file')
    .addOption(
      new Option('--from <policy>', 'policy to begin with').choices(sampleNames()).default(STARTER),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (path: string | undefined, options: InitOptions) => {
      if (path === undefined) {
        list(context, options);
        return;
      }
      const files = await failingInJson(context, options.json, () =>
        writeSample(path, options.from),
      );
      if (options.json === true) {
        printJson(context, { files });
        return;
      }
      const [policy, test] = files;
      printLines(context, [
        `wrote ${policy} and ${test}`,
        `next: norikae policy test ${policy} --coverage`,
      ]);
    });
}

function list(context: CliContext, { json }: InitOptions): void {
  if (json === true) {
    printJson(context, { samples: samples() });
    return;
  }
  const { dim } = context.stdout.colours;
  printLines(context, [
    ...wrappedTable(
      ['POLICY', 'WHAT IT DOES'],
      samples().map(({ name, description }) => [name, description]),
      lineWidth(context),
      dim,
    ),
    '',
    'next: norikae policy init NAME --from POLICY',
  ]);
}

/** Writes a policy and its test; returns their paths. */
function writeSample(path: string, sample: string): readonly string[] {
  const name = basename(path, '.json');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    const message = `"${name}" is not a valid policy name; use letters, digits, ".", "_" and "-"`;
    throw new CommandFailed(message, ExitCode.usage);
  }
  const folder = dirname(path);
  const texts = sampleTexts(sample, name, folder);
  const files = [
    [join(folder, `${name}.json`), texts.policy],
    [join(folder, `${name}${TEST_SUFFIX}`), texts.tests],
  ] as const;
  const taken = files.map(([file]) => file).find((file) => existsSync(file));
  if (taken !== undefined) {
    throw new CommandFailed(`${taken} already exists and was not changed`, ExitCode.usage);
  }
  for (const [file, text] of files) write(file, text);
  return files.map(([file]) => file);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const why = fileErrorText(error);
    throw new CommandFailed(`cannot write ${file}: ${why}`, ExitCode.failed, { cause: error });
  }
}
