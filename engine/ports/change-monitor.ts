/**
 * Reports that what decides about flows has changed, as soon as it does: an alarm, not the news.
 * Whoever hears it looks at the flows again.
 *
 * It is there to be faster than polling, never in its place: a change it does not report is found
 * at the next reading.
 */
export interface ChangeMonitor {
  readonly name: string;
  /** Calls `listener` after changes that are not ours; the returned function ends it. */
  subscribe(listener: () => void): () => void;
  /** Begins; what cannot be reached yet is tried again until it can. */
  start(): void;
  /** True while changes are reported; until then, and after, the next reading has to do. */
  active(): boolean;
  /** Why changes are not reported; undefined while they are. */
  problem(): string | undefined;
  close(): Promise<void>;
}
