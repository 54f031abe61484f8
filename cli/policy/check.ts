import type { Command } from 'commander';
import { notCompiled } from '../../policy/parse/not-compiled.ts';
import { prohibitionNotes } from '../../policy/check/prohibition-notes.ts';
import { reachNotes } from '../../policy/check/set-check.ts';
import { sliceNotes } from '../../policy/check/slice-notes.ts';
import { formatProblem, type Problem } from '../../text/problem.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import { sortFiles } from '../../policy-tools/files/file-kind.ts';
import { checkPolicies, readTextFile } from '../../policy-tools/files/policy-files.ts';
import { readTestDocument } from '../../policy-tools/testing/test-document.ts';
import { counted } from '../../text/format.ts';
import { type CliContext, printJson, printLines } from '../support/context.ts';
import { CommandFailed, ExitCode } from '../support/exit-codes.ts';
import { failingInJson } from '../support/json-errors.ts';
import { policyFiles } from '../support/paths.ts';

const HELP = `
In a folder, checks every .json file that is neither a test nor a schema. Of the files that are named, as by
*.json, tests are checked for errors and not run, and schemas are left out. Each policy is checked on its own;
--together also checks all of them as one set, in the given order, as the daemon loads them. Prints errors
as FILE:LINE:COLUMN: message. Notes report what is valid but worth knowing: a rule that cannot be compiled,
a prohibition that also holds for flows to which it only may apply, a slice that no policy declares or, with
--together, a rule that is never reached because of a rule of another policy.

Exit codes: 0 all valid, 1 errors, 2 usage error.

Examples:
  norikae policy check policies/
  norikae policy check --together a.json b.json
  norikae policy check mine.json --json | jq -r '.problems[].message'
`;

interface CheckOptions {
  readonly together?: boolean;
  readonly json?: boolean;
}

/** Result of checking one file, or several as one set. */
interface Checked {
  readonly files: readonly string[];
  readonly policies: PolicySet | undefined;
  readonly problems: readonly Problem[];
}

/** `norikae policy check FILE|DIR...`. */
export function policyCheckCommand(command: Command, context: CliContext): void {
  command
    .argument('<path...>', 'policy files or folders')
    .option('--together', 'also check them as one set')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: CheckOptions) => {
      const given = await failingInJson(context, options.json, () => policyFiles(paths));
      const { policies: files, tests, schemas } = await sortFiles(given);
      const checked = await Promise.all(files.map((file) => check([file])));
      const checkedTests = await Promise.all(tests.map(checkTests));
      const alone = checked.flatMap((c) => c.problems);
      if (options.together === true && alone.length === 0) checked.push(await check(files));
      const problems = [...checked, ...checkedTests].flatMap((c) => c.problems);
      const notes = checked.flatMap((c) => notesOf(c, options.together === true));
      const invalidFiles = new Set(problems.map((p) => p.file));
      const valid = checked.filter((c) => !c.files.some((file) => invalidFiles.has(file)));
      if (options.json === true) {
        const ok = problems.length === 0;
        const validTests = checkedTests.flatMap(({ file, count }) =>
          count === undefined ? [] : [{ file, tests: count }],
        );
        printJson(context, { ok, problems, notes, policies: listed(valid), tests: validTests });
      } else {
        printLines(context, [
          ...problems.map((p) => problemLine(p, context)),
          ...notes.map((p) => problemLine(p, context)),
          ...valid.flatMap((c) => validLines(c, context)),
          ...checkedTests.flatMap((c) => testLines(c, context)),
          ...schemas.map((file) => context.stdout.colours.dim(`--  ${file}: a schema`)),
        ]);
      }
      if (files.length + tests.length === 0)
        throw new CommandFailed('no policy file found', ExitCode.usage);
      if (problems.length > 0) {
        const count = `${problems.length} ${problems.length === 1 ? 'error' : 'errors'}`;
        throw new CommandFailed(
          `${count} in ${invalidFiles.size} of ${files.length + tests.length} files`,
          ExitCode.failed,
        );
      }
    });
}

async function check(files: readonly string[]): Promise<Checked> {
  const found = await checkPolicies(files);
  return found.ok
    ? { files, policies: found.policies, problems: [] }
    : { files, policies: undefined, problems: found.problems };
}

/** Result of checking a test file. */
interface CheckedTests {
  readonly file: string;
  /** Number of its tests; undefined: it has errors. */
  readonly count: number | undefined;
  readonly problems: readonly Problem[];
}

async function checkTests(file: string): Promise<CheckedTests> {
  const found = readTestDocument(file, await readTextFile(file));
  return found.ok
    ? { file, count: found.tests.tests.length, problems: [] }
    : { file, count: undefined, problems: found.problems };
}

function testLines({ file, count }: CheckedTests, { stdout }: CliContext): string[] {
  if (count === undefined) return [];
  return [`${stdout.colours.green('ok')}  ${file}: ${counted(count, 'test')}, not run`];
}

/**
 * Notes. For a set only those that concern several files: the check of each file has the others.
 * `inSet`: the file is also checked in a set, in which another policy can declare its slices.
 */
function notesOf({ files, policies }: Checked, inSet: boolean): readonly Problem[] {
  if (policies === undefined) return [];
  if (files.length > 1) return [...reachNotes(policies), ...sliceNotes(policies)];
  const alone = [...notCompiled(policies), ...prohibitionNotes(policies)];
  return inSet ? alone : [...alone, ...sliceNotes(policies)];
}

function listed(checked: readonly Checked[]) {
  return checked
    .filter((c) => c.files.length === 1)
    .flatMap((c) =>
      (c.policies?.policies ?? []).map(({ file, name, version, mode, revision }) => {
        const rules = c.policies?.rules.length;
        return { file, name, version, mode, revision, rules };
      }),
    );
}

function problemLine(problem: Problem, { stdout }: CliContext): string {
  const text = formatProblem(problem);
  const place = text.length - problem.message.length;
  return `${stdout.colours.bold(text.slice(0, place))}${problem.message}`;
}

function validLines({ files, policies }: Checked, { stdout }: CliContext): string[] {
  if (policies === undefined) return [];
  const rules = policies.rules.length + policies.nodeRules.length;
  const ok = stdout.colours.green('ok');
  if (files.length > 1) return [`${ok}  all together: ${rules} rules`];
  return policies.policies.map(
    (p) =>
      `${ok}  ${p.file}: policy ${p.name} ${p.version}, revision ${p.revision}, ${rules} ` +
      `${rules === 1 ? 'rule' : 'rules'}${p.mode === 'shadow' ? ', shadow' : ''}`,
  );
}
