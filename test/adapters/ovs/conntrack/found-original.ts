import type { ConnectionTuple } from '../../../../engine/model/connection.ts';
import type { FoundConnection } from '../../../../engine/ports/connection-tracker.ts';

/** What each reader of conntrack reads of a connection. */
interface ReadConnection {
  readonly zone: number;
  readonly original: ConnectionTuple;
  readonly reply: ConnectionTuple;
  readonly mark: number;
  readonly labels: Buffer;
}

/** What a store must find for the original tuple of a connection that has been read. */
export function foundOriginal(
  { zone, original, reply, mark, labels }: ReadConnection,
  isEstablished: boolean,
): FoundConnection {
  return {
    direction: 'original',
    connection: {
      zone,
      original: asBytes(original),
      reply: asBytes(reply),
      isEstablished,
      mark,
      labels: Uint8Array.from(labels),
    },
  };
}

/** Tests make addresses as buffers. */
function asBytes(tuple: ConnectionTuple): ConnectionTuple {
  return { ...tuple, src: Uint8Array.from(tuple.src), dst: Uint8Array.from(tuple.dst) };
}
