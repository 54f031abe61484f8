import { readFile } from 'node:fs/promises';
import { Serial } from '../engine/serial.ts';
import { formatProblem } from '../engine/text/problem.ts';
import { parsePolicies, type PolicySet } from '../engine/rules/policy.ts';
import { PolicyError } from '../engine/rules/policy-error.ts';

/** What became of reading the policies. */
export type PolicyReading =
  | { readonly ok: true; readonly policies: PolicySet }
  | { readonly ok: false; readonly problems: readonly string[] };

/** A policy file of more than this is refused, bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The policy files and the last good set that was read from them. */
export class PolicyFiles {
  readonly files: readonly string[];
  readonly #serial = new Serial();
  #current: PolicySet | undefined;
  #problems: readonly string[] = [];

  constructor(files: readonly string[]) {
    this.files = files;
  }

  /** The last good set; undefined before the first. */
  get current(): PolicySet | undefined {
    return this.#current;
  }

  /** Problems of the last reading; while there are any, `current` is older than the files. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /**
   * Reads and checks all files; only when every one is good do they replace `current`. Readings
   * do not overlap, so that the last one asked for is the one that stays.
   */
  read(): Promise<PolicyReading> {
    return this.#serial.run(async () => {
      const reading = await readPolicies(this.files);
      if (reading.ok) this.#current = reading.policies;
      this.#problems = reading.ok ? [] : reading.problems;
      return reading;
    });
  }
}

/** Reads and checks policy files; problems are `file:line:column: what is wrong`. */
export async function readPolicies(files: readonly string[]): Promise<PolicyReading> {
  const unreadable: string[] = [];
  const documents: { file: string; text: string }[] = [];
  for (const file of files) {
    try {
      const text = await readFile(file, 'utf8');
      if (text.length > MOST_BYTES) unreadable.push(`${file}: larger than ${MOST_BYTES} bytes`);
      else documents.push({ file, text });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      unreadable.push(`${file}: cannot be read: ${why}`);
    }
  }
  if (unreadable.length > 0) return { ok: false, problems: unreadable };
  try {
    return { ok: true, policies: parsePolicies(documents) };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { ok: false, problems: error.problems.map(formatProblem) };
  }
}
