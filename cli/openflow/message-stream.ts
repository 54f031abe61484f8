import { decode } from '../../protocols/openflow/codec/decode.ts';
import { matchProblem } from '../../protocols/openflow/codec/match-check.ts';
import type { Match } from '../../protocols/openflow/codec/match.ts';
import type { Decoded, Message } from '../../protocols/openflow/codec/messages.ts';
import { OpenFlowDecodeError } from '../../protocols/openflow/wire/errors.ts';
import { BadOpenFlowHeader, Framer, HEADER_LENGTH } from '../../protocols/openflow/wire/framer.ts';

/** A message, or an error, at an offset of a byte stream. */
export type Found =
  | (Decoded & {
      /** Offset in the stream, bytes. */
      readonly offset: number;
      /** Why a switch would refuse its match; undefined: it would not. */
      readonly objection: string | undefined;
    })
  | { readonly offset: number; readonly error: string };

/**
 * Splits a byte stream into OpenFlow messages and decodes each. Skips a message that cannot be
 * decoded. An invalid header ends the stream, because the start of the next message is unknown.
 */
export async function* messagesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Found> {
  const framer = new Framer();
  let offset = 0;
  for await (const chunk of chunks) {
    // A piece of at most a header's length completes at most one message and never the next header,
    // so an invalid header cannot hide the message before it.
    for (let at = 0; at < chunk.length; at += HEADER_LENGTH) {
      try {
        for (const bytes of framer.push(chunk.subarray(at, at + HEADER_LENGTH))) {
          yield found(offset, bytes);
          offset += bytes.length;
        }
      } catch (error) {
        if (!(error instanceof BadOpenFlowHeader)) throw error;
        yield { offset, error: error.message };
        return;
      }
    }
  }
  if (framer.pending === 0) return;
  yield { offset, error: `the input ends ${framer.pending} bytes into a message` };
}

function found(offset: number, bytes: Uint8Array): Found {
  try {
    const decoded = decode(bytes);
    const matches = matchesOf(decoded.message);
    const objection = matches.map(objectionTo).find((problem) => problem !== undefined);
    return { offset, ...decoded, objection };
  } catch (error) {
    if (!(error instanceof OpenFlowDecodeError)) throw error;
    return { offset, error: error.message };
  }
}

function objectionTo(match: Match): string | undefined {
  return match.kind === 'oxm' ? matchProblem(match) : undefined;
}

/** The matches in a message to a switch. */
function matchesOf(message: Message): readonly Match[] {
  if (message.type === 'bundle-add') return matchesOf(message.message);
  if (message.type === 'flow-mod') return [message.match];
  if (message.type !== 'multipart-request' || !('match' in message.body)) return [];
  return [message.body.match];
}
