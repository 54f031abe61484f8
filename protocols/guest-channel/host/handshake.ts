import { randomBytes } from 'node:crypto';
import { asError } from '../../../text/error-message.ts';
import { decodeGuestMessage } from '../codec/decode-guest.ts';
import { encodeLine } from '../codec/encode.ts';
import { ChannelViolation } from '../codec/errors.ts';
import { LineSplitter } from '../codec/lines.ts';
import { MAX_LINE_BYTES } from '../codec/limits.ts';
import { type GuestHello, VERSIONS } from '../codec/messages.ts';
import { commonVersion } from '../codec/parse.ts';
import type { ByteChannel } from './channel.ts';
import { type EndReason, GuestSessionEnded } from './errors.ts';
import { HostSession, type HostSessionOptions } from './host-session.ts';

/** What an earlier session may have left in the channel, bytes. */
const MAX_LEFTOVER_BYTES = 4 * 1024 * 1024;

/**
 * Says hello to the agent of a guest and waits for its answer: until then there is no agent, or it has
 * not started. Takes the channel over, and closes it when the session ends.
 *
 * @throws {GuestSessionEnded} when the channel ends, the guest floods it, has no version in common, or
 *   `signal` aborts
 */
export function openSession(
  channel: ByteChannel,
  options: HostSessionOptions,
  signal: AbortSignal,
): Promise<HostSession> {
  return new Promise((resolve, reject) => {
    const epoch = randomBytes(8).toString('hex');
    const splitter = new LineSplitter(MAX_LINE_BYTES);
    let session: HostSession | undefined;
    let isOver = false;
    let leftover = 0;

    const fail = (reason: EndReason, detail: string): void => {
      if (session !== undefined) {
        session.finish(reason, detail);
      } else if (!isOver) {
        channel.close();
        reject(new GuestSessionEnded(options.guest, reason, detail));
      }
      isOver = true;
    };
    const greet = (): void => {
      // The newline ends what an earlier session may have left incomplete.
      if (!channel.send(`\n${encodeLine({ type: 'hello', versions: VERSIONS, epoch })}`)) {
        fail('no-reply', 'the guest does not read what it is sent');
      }
    };
    const begin = (hello: GuestHello): void => {
      if (commonVersion(VERSIONS, hello.versions) === undefined) {
        fail('version', `the agent speaks versions ${hello.versions.join(', ')}`);
        return;
      }
      signal.removeEventListener('abort', abort);
      session = new HostSession(channel, hello, options);
      resolve(session);
    };
    const line = (text: string): void => {
      if (session !== undefined) {
        session.line(text);
        return;
      }
      const hello = helloIn(text);
      if (hello?.to === epoch) begin(hello);
      // The agent has just started, and what it was sent before is lost.
      else if (hello?.to === null) greet();
    };
    const abort = (): void => fail('closed', asError(signal.reason).message);

    channel.listen({
      bytes: (chunk) => {
        try {
          if (session === undefined) {
            leftover += chunk.length;
            if (leftover > MAX_LEFTOVER_BYTES)
              throw new ChannelViolation('hello', 'it before more');
          }
          for (const text of splitter.push(chunk)) {
            if (isOver || session?.end !== undefined) return;
            line(text);
          }
        } catch (error) {
          fail('violation', asError(error).message);
        }
      },
      ended: (why) => fail('disconnected', why),
    });
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    greet();
  });
}

/** The hello in a line; undefined for anything else: it belongs to an earlier session. */
function helloIn(line: string): GuestHello | undefined {
  try {
    const message = decodeGuestMessage(line);
    return message.type === 'hello' ? message : undefined;
  } catch (error) {
    if (error instanceof ChannelViolation) return undefined;
    throw error;
  }
}
