import { decode } from '../../protocols/openflow/codec/decode.ts';
import { matchProblem } from '../../protocols/openflow/codec/match-check.ts';
import type { Match } from '../../protocols/openflow/codec/match.ts';
import type { Decoded, Message } from '../../protocols/openflow/codec/messages.ts';
import { OpenFlowDecodeError } from '../../protocols/openflow/wire/errors.ts';
import { BadOpenFlowHeader, Framer, HEADER_LENGTH } from '../../protocols/openflow/wire/framer.ts';

/** What was found at a place of a byte stream. */
export type Found =
  | (Decoded & {
      /** Bytes before it in the stream. */
      readonly offset: number;
      /** What a switch would refuse in its match; undefined: nothing. */
      readonly objection: string | undefined;
    })
  | { readonly offset: number; readonly error: string };

/**
 * Cuts a byte stream into OpenFlow messages and decodes each. A message that cannot be decoded is
 * passed over; a header that is none ends the stream, since nobody knows where the next one begins.
 */
export async function* messagesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Found> {
  const framer = new Framer();
  let offset = 0;
  for await (const chunk of chunks) {
    // A piece no longer than a header completes one message at most, and not the header behind it:
    // a bad header cannot hide a message before it.
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

/** The matches that a switch is asked to take. */
function matchesOf(message: Message): readonly Match[] {
  if (message.type === 'bundle-add') return matchesOf(message.message);
  if (message.type === 'flow-mod') return [message.match];
  if (message.type !== 'multipart-request' || !('match' in message.body)) return [];
  return [message.body.match];
}
