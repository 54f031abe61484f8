import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileErrorText } from '../../platform/file-error.ts';
import { TEST_SUFFIX } from '../../policy-tools/testing/run-tests.ts';
import { CommandFailed, ExitCode } from './exit-codes.ts';

/**
 * The policy files at paths: a file itself, and in a folder the `.json` files that are neither tests
 * nor schemas.
 *
 * @throws {CommandFailed} for a path that does not exist
 */
export function policyFiles(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) =>
    filesIn(path, (name) => name.endsWith('.json') && !/\.(test|schema)\.json$/.test(name)),
  );
}

/**
 * The policies and tests at paths: a file itself, and in a folder the `.json` files that are no
 * schemas.
 *
 * @throws {CommandFailed} for a path that does not exist
 */
export function policyAndTestFiles(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) =>
    filesIn(path, (name) => name.endsWith('.json') && !name.endsWith('.schema.json')),
  );
}

/**
 * The test files at paths: in a folder the `.test.json` files, and for a policy its test file in the
 * same folder.
 *
 * @throws {CommandFailed} for a path that does not exist
 */
export function testFiles(paths: readonly string[]): readonly string[] {
  const files = paths.flatMap((path) =>
    filesIn(path, (name) => name.endsWith(TEST_SUFFIX)).flatMap((file) =>
      file.endsWith(TEST_SUFFIX) || isTestFile(file) ? file : testsOf(file),
    ),
  );
  return [...new Set(files)];
}

/** The test file of a policy file, if there is one. */
function testsOf(file: string): readonly string[] {
  const testFile = file.replace(/\.json$/, TEST_SUFFIX);
  return testFile !== file && isFile(testFile) ? [testFile] : [];
}

/** A file without the extension `.json` is taken for a test file. */
function isTestFile(file: string): boolean {
  return !file.endsWith('.json');
}

function filesIn(path: string, wanted: (name: string) => boolean): readonly string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    const why = fileErrorText(error);
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
