/** Bytes that are not a message of OpenFlow 1.0 or 1.3. */
export class OpenFlowDecodeError extends Error {
  override readonly name = 'OpenFlowDecodeError';
  /** Offset in the message, bytes. */
  readonly offset: number;
  /** @param expected what was expected there */
  constructor(offset: number, expected: string) {
    super(`OpenFlow message, byte ${offset}: expected ${expected}`);
    this.offset = offset;
  }
}

/** A message that the version cannot express. */
export class OpenFlowEncodeError extends Error {
  override readonly name = 'OpenFlowEncodeError';
  /** @param problem what cannot be encoded, and why */
  constructor(problem: string) {
    super(`OpenFlow message: ${problem}`);
  }
}
