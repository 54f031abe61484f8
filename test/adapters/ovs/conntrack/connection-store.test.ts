import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ConnectionRecord } from '../../../../adapters/ovs/conntrack/connection-record.ts';
import { ConnectionStore } from '../../../../adapters/ovs/conntrack/connection-store.ts';
import type { ConnectionTuple } from '../../../../engine/model/connection.ts';

const SERVER = [10, 0, 0, 200] as const;

function tuple(src: readonly number[], dst: readonly number[], ports: readonly [number, number]) {
  const made: ConnectionTuple = {
    ipVersion: 4,
    protocol: 17,
    src: Uint8Array.from(src),
    dst: Uint8Array.from(dst),
    srcPort: ports[0],
    dstPort: ports[1],
  };
  return made;
}

/** The connection of a client with the server; its replies come from a translated port. */
function recordOf(client: number, zone: number, replyPort: number, mark: number): ConnectionRecord {
  const record = new ConnectionRecord();
  record.protocol = 17;
  record.zone = zone;
  record.mark = mark;
  const address = Buffer.of(10, 0, client >> 8, client & 255).readUInt32BE(0);
  const server = Buffer.from(SERVER).readUInt32BE(0);
  record.tuples.set([address, 0, 0, 0, server, 0, 0, 0, (5_000 << 16) | 53]);
  record.tuples.set([server, 0, 0, 0, address, 0, 0, 0, (replyPort << 16) | 5_000], 9);
  return record;
}

const originalOf = (client: number): ConnectionTuple =>
  tuple([10, 0, client >> 8, client & 255], SERVER, [5_000, 53]);
const replyOf = (client: number, port: number): ConnectionTuple =>
  tuple(SERVER, [10, 0, client >> 8, client & 255], [port, 5_000]);

describe('the store of connections', () => {
  it('finds what was put in and not removed, in both directions', () => {
    const change = fc.record({
      isPut: fc.boolean(),
      client: fc.integer({ min: 0, max: 40 }),
      zone: fc.integer({ min: 0, max: 1 }),
      replyPort: fc.integer({ min: 53, max: 54 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 400 }), (changes) => {
        const store = new ConnectionStore();
        const model = new Map<string, { replyPort: number; mark: number }>();
        changes.forEach(({ isPut, client, zone, replyPort }, mark) => {
          const record = recordOf(client, zone, replyPort, mark);
          if (isPut) {
            store.put(record, mark % 2 === 0);
            model.set(`${client} ${zone}`, { replyPort, mark });
          } else {
            const row = store.rowOf(record);
            assert.equal(row >= 0, model.delete(`${client} ${zone}`));
            if (row >= 0) store.removeRow(row);
          }
        });
        assert.equal(store.count, model.size);
        for (let client = 0; client <= 40; client++) {
          for (const zone of [0, 1]) {
            const known = model.get(`${client} ${zone}`);
            const original = store.find(zone, originalOf(client));
            assert.equal(original?.connection.mark, known?.mark);
            assert.equal(original?.connection.isEstablished, known && known.mark % 2 === 0);
            for (const port of [53, 54]) {
              const reply = store.find(zone, replyOf(client, port));
              assert.equal(
                reply?.connection.mark,
                known?.replyPort === port ? known.mark : undefined,
              );
              assert.equal(reply?.direction, reply && 'reply');
            }
          }
        }
      }),
    );
  });

  it('grows, and keeps all', () => {
    const store = new ConnectionStore();
    for (let client = 0; client < 20_000; client++)
      store.put(recordOf(client, 1, 53, client), true);
    assert.equal(store.count, 20_000);
    for (let client = 0; client < 20_000; client++) {
      assert.equal(store.find(1, replyOf(client, 53))?.connection.mark, client);
    }
    for (let client = 0; client < 20_000; client += 2) {
      store.removeRow(store.rowOf(recordOf(client, 1, 53, 0)));
    }
    for (let client = 0; client < 20_000; client++) {
      const mark = store.find(1, originalOf(client))?.connection.mark;
      assert.equal(mark, client % 2 === 0 ? undefined : client);
    }
  });

  it('finds the original direction of a connection whose directions have the same tuple', () => {
    const store = new ConnectionStore();
    const record = recordOf(7, 1, 53, 3);
    record.tuples.copyWithin(9, 0, 9);
    store.put(record, true);
    assert.equal(store.find(1, originalOf(7))?.direction, 'original');
    store.removeRow(0);
    assert.equal(store.find(1, originalOf(7)), undefined);
  });
});
