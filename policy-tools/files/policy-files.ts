import { readFile } from 'node:fs/promises';
import { parsePolicies, type PolicyText } from '../../policy/parse/parse-policies.ts';
import { type PolicySet } from '../../policy/model/policy-set.ts';
import { PolicyError } from '../../policy/model/policy-error.ts';
import { formatProblem, type Problem } from '../../text/problem.ts';
import { fileErrorText } from '../../platform/file-error.ts';

/** Result of {@link readPolicies}. */
export type PolicyReading =
  | { readonly ok: true; readonly policies: PolicySet }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Valid policies, or all problems with their positions. */
export type CheckedPolicies =
  | { readonly ok: true; readonly policies: PolicySet }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads the text of a file; rejects if it cannot be read. */
export type ReadText = (file: string) => Promise<string>;

/** Maximum size of a policy file, characters. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Reads and checks policy files; problems are `file:line:column: message`. */
export async function readPolicies(files: readonly string[]): Promise<PolicyReading> {
  const found = await checkPolicies(files);
  return found.ok ? found : { ok: false, problems: found.problems.map(formatProblem) };
}

/** Reads and checks policy files. */
export async function checkPolicies(
  files: readonly string[],
  read: ReadText = readTextFile,
): Promise<CheckedPolicies> {
  const unreadable: Problem[] = [];
  const documents: PolicyText[] = [];
  for (const file of files) {
    try {
      documents.push({ file, text: await read(file) });
    } catch (error) {
      const message = `cannot be read: ${fileErrorText(error)}`;
      unreadable.push({ file, line: 1, column: 1, message });
    }
  }
  if (unreadable.length > 0) return { ok: false, problems: unreadable };
  try {
    return { ok: true, policies: parsePolicies(documents) };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { ok: false, problems: error.problems };
  }
}

/** Reads a file of bounded size. */
export async function readTextFile(file: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  if (text.length > MAX_BYTES) throw new RangeError(`it is longer than ${MAX_BYTES} characters`);
  return text;
}
