import { JsonDocument } from '../../text/json-document.ts';
import { readTextFile } from './policy-files.ts';
import { TEST_SUFFIX } from '../testing/run-tests.ts';

/** What a JSON file beside policies is. */
export type FileKind = 'policy' | 'test' | 'schema';

/** The kind of a file by its name, or else by its content; in doubt it is a policy. */
export function fileKind(file: string, text: string): FileKind {
  if (file.endsWith(TEST_SUFFIX)) return 'test';
  if (file.endsWith('.schema.json')) return 'schema';
  const { value } = new JsonDocument(file, text, 'jsonc');
  if (typeof value !== 'object' || value === null || 'rules' in value) return 'policy';
  if ('tests' in value) return 'test';
  const isSchema =
    '$schema' in value &&
    typeof value.$schema === 'string' &&
    /^https?:\/\/json-schema\.org\//.test(value.$schema);
  return isSchema ? 'schema' : 'policy';
}

/** Files by kind, in order. */
export interface SortedFiles {
  readonly policies: readonly string[];
  readonly tests: readonly string[];
  readonly schemas: readonly string[];
}

/** Sorts files by kind; one that cannot be read counts as a policy, whose check reports it. */
export async function sortFiles(files: readonly string[]): Promise<SortedFiles> {
  const kinds = await Promise.all(
    files.map(async (file) => {
      try {
        return fileKind(file, await readTextFile(file));
      } catch {
        return 'policy';
      }
    }),
  );
  const of = (kind: FileKind): readonly string[] => files.filter((_, i) => kinds[i] === kind);
  return { policies: of('policy'), tests: of('test'), schemas: of('schema') };
}
