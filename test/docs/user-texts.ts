import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { runProgram } from '../../cli/program.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { TestTerminal } from '../support/test-terminal.ts';

/** A text that users read, and where it is written. */
export interface UserText {
  readonly place: string;
  readonly text: string;
}

/** The `--help` text of the program and of all its commands. */
export async function helpTexts(path: readonly string[] = []): Promise<readonly UserText[]> {
  const text = await helpOf(path);
  const names = [
    ...(/\nCommands:\n([^]*?)(?:\n\n|$)/.exec(text)?.[1] ?? '').matchAll(/^ {2}(\S+)/gm),
  ];
  const nested: (readonly UserText[])[] = [];
  for (const [, name] of names) if (name !== 'help') nested.push(await helpTexts([...path, name]));
  return [{ place: ['norikae', ...path, '--help'].join(' '), text }, ...nested.flat()];
}

async function helpOf(path: readonly string[]): Promise<string> {
  const stdout = new TestTerminal();
  await runProgram(
    {
      stdout,
      stderr: new TestTerminal(),
      env: {},
      loadDaemon: () => Promise.reject(new Error('this test runs no daemon')),
      exit: () => {},
      now: () => performance.now(),
    },
    [...path, '--help'],
  );
  return stdout.text;
}

/** What the source files of `folders` say to users: strings with a space, without tags and classes. */
export function sourceTexts(...folders: readonly string[]): readonly UserText[] {
  return folders.flatMap((folder) =>
    readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => textsOf(join(folder, name))),
  );
}

function textsOf(file: string): readonly UserText[] {
  const texts: string[] = [];
  const { program } = parseSync(file, readFileSync(join(packageRoot(), file), 'utf8'));
  new Visitor({
    Literal({ value }) {
      if (typeof value === 'string') texts.push(value);
    },
    TemplateLiteral({ quasis }) {
      texts.push(quasis.map(({ value }) => value.cooked ?? '').join('…'));
    },
  }).visit(program);
  return texts
    .map((text) =>
      text.replace(/\b(?:class|id|for|data-\w+|aria-labelledby)="[^"]*"|<\/?\w+|>/g, ''),
    )
    .filter((text) => / /.test(text.trim()))
    .map((text) => ({ place: file, text }));
}

/** The help text of every metric, from docs/metrics.md, which another test holds to the daemon. */
export function metricTexts(): readonly UserText[] {
  const rows = readDocument('docs/metrics.md').matchAll(/^\| `(\w+)` \|.*?\|.*?\| (.*) \|$/gm);
  return [...rows].map(([, place, text]) => ({ place, text }));
}

/** Every `description` in a JSON file. */
export function descriptionTexts(...files: readonly string[]): readonly UserText[] {
  return files.flatMap((file) =>
    descriptionsIn(JSON.parse(readDocument(file))).map((text) => ({ place: file, text })),
  );
}

function descriptionsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: readonly [string, unknown]) =>
    key === 'description' && typeof inner === 'string' ? [inner] : descriptionsIn(inner),
  );
}

/** A file of the package. */
export function readDocument(file: string): string {
  return readFileSync(join(packageRoot(), file), 'utf8');
}
