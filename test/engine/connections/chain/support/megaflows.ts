import { MegaflowIndex } from '../../../../../engine/connections/chain/megaflow-index.ts';
import type { ConnectionTuple, TrackedConnection } from '../../../../../engine/model/connection.ts';
import type { FlowSpec } from '../../../../../engine/model/flow.ts';
import { FIELD_BITS, type FieldName } from '../../../../../engine/model/match.ts';
import type { FoundConnection } from '../../../../../engine/ports/connection-tracker.ts';
import { Reader, ufid } from '../../../../adapters/ovs/dump/dump-lines.ts';
import { numberBytes } from '../../../../support/match-fields.ts';

/** Megaflows of a dump, each written as `KEY, actions:ACTIONS`. */
export function megaflows(...texts: readonly string[]): readonly FlowSpec[] {
  const reader = new Reader();
  const { skipped, firstSkipped } = reader.lines(
    ...texts.map((text, n) => {
      const [key, actions] = text.split(', actions:');
      return `ufid:${ufid(n + 1)}, ${key}, packets:1, bytes:100, used:0.100s, actions:${actions}`;
    }),
  );
  if (skipped > 0) throw new Error(firstSkipped);
  return Array.from(reader.table.rows.subarray(0, reader.table.count), (row) =>
    reader.table.specAt(row),
  );
}

/** An index of these megaflows. */
export function indexOf(specs: readonly FlowSpec[]): MegaflowIndex {
  const index = new MegaflowIndex();
  for (const spec of specs) index.put(spec);
  return index;
}

/** `10.0.0.1:80` as address and port. */
function end(text: string): { address: Uint8Array; port: number } {
  const [address, port] = text.split(':');
  return { address: Uint8Array.from(address.split('.'), Number), port: Number(port) };
}

/** A tuple of IPv4. */
export function tuple(protocol: number, from: string, to: string): ConnectionTuple {
  const src = end(from);
  const dst = end(to);
  return {
    ipVersion: 4,
    protocol,
    src: src.address,
    dst: dst.address,
    srcPort: src.port,
    dstPort: dst.port,
  };
}

/** The tuple of the other direction. */
export function reversed(of: ConnectionTuple): ConnectionTuple {
  return { ...of, src: of.dst, dst: of.src, srcPort: of.dstPort, dstPort: of.srcPort };
}

/** An established connection that is not translated, unless `given` says otherwise. */
export function tracked(
  original: ConnectionTuple,
  given: Partial<TrackedConnection> = {},
): TrackedConnection {
  const reply = reversed(original);
  const labels = new Uint8Array(16);
  return { zone: 0, original, reply, isEstablished: true, mark: 0, labels, ...given };
}

function same(a: ConnectionTuple, b: ConnectionTuple): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Finds connections in a list. */
export function finder(
  ...connections: readonly TrackedConnection[]
): (zone: number, wanted: ConnectionTuple) => FoundConnection | undefined {
  return (zone, wanted) => {
    for (const connection of connections) {
      if (connection.zone !== zone) continue;
      if (same(connection.original, wanted)) return { connection, direction: 'original' };
      if (same(connection.reply, wanted)) return { connection, direction: 'reply' };
    }
    return undefined;
  };
}

/** Headers of a packet: numbers become bytes. */
export function headerValues(
  of: Readonly<Partial<Record<FieldName, number | Uint8Array>>>,
): Partial<Record<FieldName, Uint8Array>> {
  return Object.fromEntries(
    Object.entries(of)
      .filter((entry): entry is [FieldName, number | Uint8Array] =>
        Object.hasOwn(FIELD_BITS, entry[0]),
      )
      .map(([field, value]) => [
        field,
        typeof value === 'number' ? numberBytes(field, value) : value,
      ]),
  );
}
