import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_SUFFIX } from '../../policy-tools/testing/run-tests.ts';
import { CommandFailed, ExitCode } from './exit-codes.ts';
import { errorMessage } from '../../text/error-message.ts';

/**
 * The policy files that paths name: a file is one, a folder has those that end in `.json` and are
 * neither tests nor schemas.
 *
 * @throws {CommandFailed} for a path that is not there
 */
export function policyFiles(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) =>
    filesIn(path, (name) => name.endsWith('.json') && !/\.(test|schema)\.json$/.test(name)),
  );
}

/**
 * The test files that paths name: of a folder those that end in `.test.json`; of a policy the one
 * beside it.
 *
 * @throws {CommandFailed} for a path that is not there
 */
export function testFiles(paths: readonly string[]): readonly string[] {
  const files = paths.flatMap((path) =>
    filesIn(path, (name) => name.endsWith(TEST_SUFFIX)).flatMap((file) =>
      file.endsWith(TEST_SUFFIX) || isTestFile(file) ? file : testsBeside(file),
    ),
  );
  return [...new Set(files)];
}

/** The test file beside a policy file, when there is one. */
function testsBeside(file: string): readonly string[] {
  const beside = file.replace(/\.json$/, TEST_SUFFIX);
  return beside !== file && isFile(beside) ? [beside] : [];
}

/** A file that does not look like a policy that has its tests beside it is taken for tests. */
function isTestFile(file: string): boolean {
  return testsBeside(file).length === 0 && !file.endsWith('.json');
}

function filesIn(path: string, wanted: (name: string) => boolean): readonly string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    const why = errorMessage(error);
    throw new CommandFailed(`cannot read ${path}: ${why}`, ExitCode.usage);
  }
  if (!isFolder) return [path];
  const entries = readdirSync(path, { withFileTypes: true });
  const names = entries.filter((e) => !e.isDirectory() && wanted(e.name)).map((e) => e.name);
  return names.toSorted().map((name) => join(path, name));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
