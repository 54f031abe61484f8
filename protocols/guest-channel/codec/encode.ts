import { ChannelViolation } from './errors.ts';
import { MAX_LINE_BYTES } from './limits.ts';
import type { GuestMessage, HostMessage } from './messages.ts';

/**
 * A message as a line, with its newline.
 *
 * @throws {ChannelViolation} the message is longer than the other side accepts
 */
export function encodeLine(message: HostMessage | GuestMessage): string {
  const line = JSON.stringify(message);
  if (Buffer.byteLength(line) > MAX_LINE_BYTES) {
    throw new ChannelViolation(message.type, `at most ${MAX_LINE_BYTES} bytes`);
  }
  return `${line}\n`;
}
