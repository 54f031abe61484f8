import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  FLOW_KINDS,
  keyText,
  type ReceiveFilter,
  type ReceiveKey,
} from '../../../../protocols/ethtool/receive-filter.ts';

/** The filters that may be in a device. Later processes read what a killed one wrote. */
export interface FilterJournal {
  /** Number of filters in it. */
  readonly size: number;
  /** Filters added since it was last rewritten. */
  read(): Promise<readonly ReceiveFilter[]>;
  /** Resolves when a later process would find the filter. */
  add(filter: ReceiveFilter): Promise<void>;
  /** Replaces its content. */
  rewrite(filters: Iterable<ReceiveFilter>): Promise<void>;
}

/** A journal in a file, one filter a line. Keys that were added before are not written again. */
export class FileJournal implements FilterJournal {
  readonly #path: string;
  readonly #written = new Set<string>();

  /** @param path in a folder that only root can write, such as /run/norikae */
  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<readonly ReceiveFilter[]> {
    let text = '';
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    return text.split('\n').flatMap((line) => parseFilter(line) ?? []);
  }

  get size(): number {
    return this.#written.size;
  }

  async add(filter: ReceiveFilter): Promise<void> {
    const id = idOf(filter);
    if (this.#written.has(id)) return;
    await appendFile(this.#path, lineOf(filter), { mode: 0o600 });
    this.#written.add(id);
  }

  async rewrite(filters: Iterable<ReceiveFilter>): Promise<void> {
    const all = [...filters];
    await mkdir(dirname(this.#path), { recursive: true });
    await writeFile(`${this.#path}.new`, all.map(lineOf).join(''), { mode: 0o600 });
    await rename(`${this.#path}.new`, this.#path);
    this.#written.clear();
    for (const filter of all) this.#written.add(idOf(filter));
  }
}

function idOf({ key, target }: ReceiveFilter): string {
  return `${keyText(key)} ${target.vf} ${target.queue}`;
}

function lineOf(filter: ReceiveFilter): string {
  return `${JSON.stringify(filter)}\n`;
}

/** A filter of a line; undefined for a line that was cut, or is not one. */
function parseFilter(line: string): ReceiveFilter | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return isFilter(value) ? value : undefined;
}

/** True for a value with the shape of a filter. */
export function isFilter(value: unknown): value is ReceiveFilter {
  return (
    isObject(value) &&
    isObject(value.target) &&
    typeof value.target.queue === 'number' &&
    ['number', 'undefined'].includes(typeof value.target.vf) &&
    isKey(value.key)
  );
}

const TEXTS = ['source', 'destination', 'sourceMac', 'destinationMac'];
const NUMBERS = ['sourcePort', 'destinationPort', 'etherType', 'vlan'];

function isKey(value: unknown): value is ReceiveKey {
  if (!isObject(value) || !FLOW_KINDS.some((kind) => kind === value.kind)) return false;
  return Object.entries(value).every(
    ([name, of]) =>
      name === 'kind' ||
      (TEXTS.includes(name) && typeof of === 'string') ||
      (NUMBERS.includes(name) && typeof of === 'number'),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
