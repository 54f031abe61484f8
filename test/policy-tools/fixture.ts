import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Coverage } from '../../policy-tools/testing/coverage.ts';
import { runTestFile, type TestResult } from '../../policy-tools/testing/run-tests.ts';

/** A policy that offloads flows with 1,000 packets/s and onloads flows with fewer than 10. */
export const POLICY = {
  name: 'p',
  version: '1',
  rules: [
    {
      name: 'slow',
      priority: 20,
      conditions: {
        all: [
          { fact: 'placement', operator: 'equal', value: 'offload' },
          { fact: 'lastPacketsPerSecond', operator: 'lessThan', value: 10 },
        ],
      },
      event: { type: 'onload' },
    },
    {
      name: 'fast',
      priority: 10,
      conditions: {
        all: [{ fact: 'lastPacketsPerSecond', operator: 'greaterThanInclusive', value: 1000 }],
      },
      event: { type: 'offload' },
    },
  ],
};

/** A temporary directory with a policy and its tests; `remove` deletes it. */
export function policyFolder(): {
  readonly path: string;
  readonly file: (name: string) => string;
  readonly write: (name: string, value: unknown) => string;
  readonly remove: () => void;
} {
  const path = mkdtempSync(join(tmpdir(), `nk-policy-${process.pid}-`));
  const file = (name: string): string => join(path, name);
  return {
    path,
    file,
    write: (name, value) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
      writeFileSync(file(name), text);
      return file(name);
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Runs tests of {@link POLICY}; `test` is one test or a whole document. */
export async function run(
  test: Readonly<Record<string, unknown>>,
  options: { readonly policy?: unknown; readonly coverage?: Coverage; readonly run?: RegExp } = {},
): Promise<readonly TestResult[]> {
  const { policy = POLICY, ...others } = options;
  const document = 'tests' in test ? test : { tests: [{ name: 't', ...test }] };
  const read = (file: string): Promise<string> => {
    if (file.endsWith('p.test.json')) return Promise.resolve(JSON.stringify(document, null, 2));
    if (file.endsWith('p.json')) return Promise.resolve(JSON.stringify(policy));
    return Promise.reject(new Error('ENOENT'));
  };
  return runTestFile('/x/p.test.json', { signal: new AbortController().signal, read, ...others });
}

/** Problems as `verdict line:column: message`, or `pass`. */
export async function resultsOf(
  test: Readonly<Record<string, unknown>>,
  policy?: unknown,
): Promise<readonly string[]> {
  const results = await run(test, policy === undefined ? {} : { policy });
  return results.flatMap(({ verdict, problems }) =>
    verdict === 'pass'
      ? ['pass']
      : problems.map((p) => `${verdict} ${p.line}:${p.column}: ${p.message}`),
  );
}
