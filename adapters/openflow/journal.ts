import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type FlowId, formatFlowId, parseFlowId } from '../../engine/model/flow-id.ts';
import type { PortIdentity } from './rule.ts';

/** Facts about a rule that the switch does not store. */
export interface JournalEntry {
  readonly id: FlowId;
  readonly ports: readonly PortIdentity[];
}

const COMPACT_AFTER = 4096;

/**
 * A file that maps every rule to its flow, since a cookie holds only a part of the flow's id. One
 * JSON object per line; the last line of a flow is valid. It is written before the rule is
 * installed, so a rule without a line is an orphan and is removed.
 */
export class Journal {
  readonly #path: string;
  #lines = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Entries of an earlier daemon; empty without a file. Truncated lines are skipped. */
  async read(): Promise<readonly JournalEntry[]> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const entries = new Map<string, JournalEntry>();
    for (const line of text.split('\n')) {
      const entry = parseLine(line);
      if (entry !== undefined) entries.set(formatFlowId(entry.id), entry);
    }
    return [...entries.values()];
  }

  /** Rewrites the file with the known rules. */
  async write(entries: Iterable<JournalEntry>): Promise<void> {
    const lines = [...entries].map(formatLine);
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await writeFile(`${this.#path}.new`, lines.join(''), { mode: 0o600 });
    await rename(`${this.#path}.new`, this.#path);
    this.#lines = lines.length;
  }

  /** Appends entries; rewrites the file with `all` when most of its lines are obsolete. */
  async append(entries: readonly JournalEntry[], all: () => Iterable<JournalEntry>): Promise<void> {
    if (this.#lines > COMPACT_AFTER) {
      const live = [...all()];
      if (this.#lines > 4 * (live.length + entries.length)) {
        await this.write([...live, ...entries]);
        return;
      }
    }
    await appendFile(this.#path, entries.map(formatLine).join(''), { mode: 0o600 });
    this.#lines += entries.length;
  }
}

function formatLine({ id, ports }: JournalEntry): string {
  const places = ports.map(({ name, uuid, ifindex }) => ({ name, uuid, ifindex }));
  return `${JSON.stringify({ id: formatFlowId(id), ports: places })}\n`;
}

function parseLine(line: string): JournalEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('id' in value) || typeof value.id !== 'string') return undefined;
    if (!('ports' in value) || !Array.isArray(value.ports)) return undefined;
    const id = parseFlowId(value.id);
    const ports: readonly unknown[] = value.ports;
    return id !== undefined && ports.every(isPortIdentity) ? { id, ports } : undefined;
  } catch {
    return undefined;
  }
}

function isPortIdentity(value: unknown): value is PortIdentity {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'uuid' in value &&
    typeof value.uuid === 'string' &&
    'ifindex' in value &&
    typeof value.ifindex === 'number'
  );
}
