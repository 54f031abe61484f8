export interface GuestChannelOptions {
  /** Folder with a unix socket `GUEST.sock` for each guest; only root may write to it. */
  readonly directory: string;
  /** Longest time for a reply of a guest, ms. */
  readonly replyTimeoutMs: number;
  /** CLOCK_MONOTONIC, ms. */
  readonly nowMs: () => number;
  readonly log: (line: string) => void;
}
