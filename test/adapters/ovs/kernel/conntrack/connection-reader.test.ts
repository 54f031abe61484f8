import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ConnectionRecord } from '../../../../../adapters/ovs/conntrack/connection-record.ts';
import { ConnectionStore } from '../../../../../adapters/ovs/conntrack/connection-store.ts';
import { ConnectionReader } from '../../../../../adapters/ovs/kernel/conntrack/connection-reader.ts';
import { STATUS, TCP_ESTABLISHED } from '../../../../../protocols/netlink/conntrack.ts';
import { HEADER_BYTES } from '../../../../../protocols/netlink/message.ts';
import { anyConnection } from '../../conntrack/connection-lines.ts';
import { foundOriginal } from '../../conntrack/found-original.ts';
import { connectionMessage, type SentConnection } from './connection-messages.ts';

const anySent: fc.Arbitrary<SentConnection> = fc
  .record({
    connection: anyConnection,
    status: fc.integer({ min: 0, max: 0xffff }),
    tcpState: fc.integer({ min: 0, max: 10 }),
    hasHelper: fc.boolean(),
  })
  .map(({ connection, status, tcpState, hasHelper }) => {
    const isTcp = connection.original.protocol === 6;
    return { ...connection, status, hasHelper, tcpState: isTcp ? tcpState : undefined };
  });

function has(status: number, bit: number): boolean {
  return (status & bit) !== 0;
}

describe('connections of ctnetlink', () => {
  const reader = new ConnectionReader();
  const record = new ConnectionRecord();

  it('are read as the kernel sends them', () => {
    fc.assert(
      fc.property(anySent, (sent) => {
        const message = connectionMessage(sent);
        assert.ok(reader.read(message, HEADER_BYTES, message.length, record));
        const store = new ConnectionStore();
        store.put(record, reader.isEstablished(record));
        const { zone, original, status, tcpState, hasHelper } = sent;
        const isEstablished =
          has(status, STATUS.seenReply) &&
          !has(status, STATUS.dying) &&
          !has(status, STATUS.helper) &&
          !has(status, STATUS.expected) &&
          !hasHelper &&
          (original.protocol !== 6 || tcpState === TCP_ESTABLISHED);
        assert.deepEqual(store.find(zone, original), foundOriginal(sent, isEstablished));
      }),
      { numRuns: 500 },
    );
  });

  it('are not read when their bytes are cut or garbled, or read without an error', () => {
    fc.assert(
      fc.property(
        anySent,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (sent, a, b, byte) => {
          const message = connectionMessage(sent);
          const end = HEADER_BYTES + (a % (message.length - HEADER_BYTES));
          message[HEADER_BYTES + (b % (message.length - HEADER_BYTES))] = byte;
          assert.equal(typeof reader.read(message, HEADER_BYTES, end, record), 'boolean');
          assert.equal(
            typeof reader.read(message, HEADER_BYTES, message.length, record),
            'boolean',
          );
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
