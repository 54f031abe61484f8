/**
 * Reports immediately that something that determines flows, such as rules, has changed. It does not
 * report what: the listener reads the flows again.
 *
 * It only shortens the reaction and does not replace polling: the next reading finds any change that
 * it does not report.
 */
export interface ChangeMonitor {
  readonly name: string;
  /** Calls `listener` after changes by others than Norikae; the returned function unsubscribes. */
  subscribe(listener: () => void): () => void;
  /** Starts; connects in the background, and retries until it succeeds. */
  start(): void;
  /** True while changes are reported. */
  active(): boolean;
  /** Why changes are not reported; undefined while they are. */
  problem(): string | undefined;
  close(): Promise<void>;
}
