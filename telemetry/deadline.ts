import { bounded } from '../async/bounded.ts';

/** A source did not answer in time. */
export class SourceTimeout extends Error {
  override readonly name = 'SourceTimeout';
  /** Time waited for an answer, ms. */
  readonly waitedMs: number;

  constructor(source: string, timeoutMs: number) {
    super(`${source} did not answer within ${timeoutMs} ms; the next reading tries again`);
    this.waitedMs = timeoutMs;
  }
}

/** Reads a source; rejects with {@link SourceTimeout} even if the source ignores its signal. */
export function withDeadline<T>(
  source: string,
  timeoutMs: number,
  outer: AbortSignal,
  read: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = (): Error => new SourceTimeout(source, timeoutMs);
  return bounded({ until: [outer], timeoutMs, late, abandon: true }, read);
}
