import { bounded } from '../async/bounded.ts';

/** A source did not answer in time. */
export class SourceTimeout extends Error {
  override readonly name = 'SourceTimeout';
  /** Time that was waited for an answer, ms. */
  readonly waitedMs: number;

  constructor(source: string, timeoutMs: number) {
    super(`${source} did not answer within ${timeoutMs} ms; it is tried again at the next tick`);
    this.waitedMs = timeoutMs;
  }
}

/** Reads a source; rejects with {@link SourceTimeout} in time even when it ignores its signal. */
export function withDeadline<T>(
  source: string,
  timeoutMs: number,
  outer: AbortSignal,
  read: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = (): Error => new SourceTimeout(source, timeoutMs);
  return bounded({ until: [outer], timeoutMs, late, abandon: true }, read);
}
