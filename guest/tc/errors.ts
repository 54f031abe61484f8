/** The program `tc` cannot be run, or does not end. */
export class TcUnusable extends Error {
  override readonly name = 'TcUnusable';

  constructor(detail: string) {
    super(`tc: ${detail}; the agent needs iproute2 and the capability CAP_NET_ADMIN`);
  }
}
