/** The agent's end of the channel. */
export interface HostConnection {
  /** Texts to the host go out in order. */
  send(text: string): void;
  /** Resolves when everything has been sent. */
  sent(): Promise<void>;
  /**
   * Delivers what the host sends until the connection ends, and waits for `take` before it reads on.
   *
   * @param gone called when the host has disconnected, which may come back
   */
  read(take: (chunk: Uint8Array) => Promise<void>, gone: () => Promise<void>): Promise<void>;
  close(): void;
}
