/** The other side sent what the protocol does not allow. */
export class ChannelViolation extends Error {
  override readonly name = 'ChannelViolation';

  constructor(where: string, expected: string) {
    super(`guest channel: ${where}: expected ${expected}`);
  }
}
