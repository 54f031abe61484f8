import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ConnectionDump } from '../../../../adapters/ovs/conntrack/connection-dump.ts';
import { ConntrackUnreadable } from '../../../../adapters/ovs/conntrack/errors.ts';
import { ConnectionStore } from '../../../../adapters/ovs/conntrack/connection-store.ts';
import type { FoundConnection } from '../../../../engine/ports/connection-tracker.ts';
import { anyConnection, type PrintedConnection, printed } from './connection-lines.ts';
import { foundOriginal } from './found-original.ts';

interface Reading {
  readonly store: ConnectionStore;
  readonly zones: readonly number[];
  readonly skipped: number;
  readonly firstSkipped: string | undefined;
}

/** Reads lines, a few at a time, as JSON escapes them. */
function read(text: string | Buffer): Reading {
  const dump = new ConnectionDump();
  const store = new ConnectionStore();
  const zones: number[] = [];
  dump.begin(typeof text === 'string' ? Buffer.from(JSON.stringify(text).slice(1, -1)) : text);
  const isDone = (): boolean =>
    dump.read(2, (record) => {
      zones.push(record.zone);
      store.put(record, record.isTcpEstablished && !record.hasHelper);
    });
  while (!isDone());
  return { ...dump.finish(), store, zones };
}

function found(store: ConnectionStore, { zone, original }: PrintedConnection): FoundConnection {
  const connection = store.find(zone, original);
  assert.ok(connection, 'the connection is found');
  return connection;
}

/** What a reading must make of a connection. */
function expected(connection: PrintedConnection): FoundConnection {
  const { original, states, more } = connection;
  const isEstablished = states.every((state) => state === 'ESTABLISHED') && more === '';
  return foundOriginal(connection, original.protocol === 6 && isEstablished);
}

describe('the dump of conntrack', () => {
  it('is read as vswitchd prints it', () => {
    const { store, skipped } = read(
      'tcp,orig=(src=10.1.0.1,dst=172.30.0.1,sport=44722,dport=5201),reply=(src=10.2.0.3,dst=10.1.0.1,sport=5201,dport=44722),id=0,zone=6,status=0,timeout=86395,mark=2,labels=0x1234567890abcdef0011,protoinfo=(state_orig=ESTABLISHED,state_reply=ESTABLISHED,wscale_orig=10,wscale_reply=10,flags_orig=WINDOW_SCALE,flags_reply=WINDOW_SCALE)\n',
    );
    assert.equal(skipped, 0);
    const client = Uint8Array.of(10, 1, 0, 1);
    const reply = {
      ipVersion: 4,
      protocol: 6,
      src: Uint8Array.of(10, 2, 0, 3),
      dst: client,
      srcPort: 5201,
      dstPort: 44722,
    } as const;
    const answer = store.find(6, reply);
    assert.deepEqual(answer, {
      direction: 'reply',
      connection: {
        zone: 6,
        original: {
          ipVersion: 4,
          protocol: 6,
          src: client,
          dst: Uint8Array.of(172, 30, 0, 1),
          srcPort: 44722,
          dstPort: 5201,
        },
        reply,
        isEstablished: true,
        mark: 2,
        labels: Uint8Array.from(Buffer.from('0000000000001234567890abcdef0011', 'hex')),
      },
    });
    assert.equal(store.find(7, reply), undefined, 'in another zone');
  });

  it('gives back any connection that was printed', () => {
    fc.assert(
      fc.property(anyConnection, (connection) => {
        const { store, skipped } = read(`${printed(connection)}\n`);
        assert.equal(skipped, 0);
        assert.deepEqual(found(store, connection), expected(connection));
      }),
      { numRuns: 500 },
    );
  });

  it('has no connection that was not printed, wherever it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyConnection, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (all, where) => {
          const lines = all.map(printed);
          const escaped = Buffer.from(lines.map((line) => `${line}\\n`).join(''));
          const cut = where % escaped.length;
          let complete = 0;
          for (let end = 0; complete < lines.length; complete++) {
            end += lines[complete].length + 2;
            if (end > cut) break;
          }
          const partial = escaped.subarray(0, cut);
          if (complete === 0 && cut > 0) {
            assert.throws(() => read(partial), ConntrackUnreadable);
            return;
          }
          const { zones } = read(partial);
          assert.deepEqual(
            zones,
            all.slice(0, complete).map(({ zone }) => zone),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(anyConnection, fc.nat(), fc.uint8Array({ maxLength: 6 }), (one, where, junk) => {
        const line = Buffer.from(printed(one));
        const at = where % line.length;
        const text = Buffer.concat([
          line.subarray(0, at),
          Buffer.from(junk).filter((byte) => byte !== 0x5c && byte !== 0x22),
          line.subarray(at + junk.length),
          Buffer.from('\\n'),
        ]);
        try {
          assert.ok(read(text).zones.length <= 1);
        } catch (error) {
          assert.ok(error instanceof ConntrackUnreadable);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is read without lines of an unknown format, of which one is shown', () => {
    const good =
      'udp,orig=(src=10.1.0.1,dst=10.1.0.2,sport=1,dport=2),reply=(src=10.1.0.2,dst=10.1.0.1,sport=2,dport=1),id=0,zone=3,status=0,timeout=29,new=(a=(b)),other=1';
    const { zones, skipped, firstSkipped } = read(`${good}\nudp,from=(10.1.0.1)\n${good}\n`);
    assert.deepEqual(zones, [3, 3]);
    assert.equal(skipped, 1);
    assert.equal(firstSkipped, 'udp,from=(10.1.0.1)');
  });

  it('is refused when no line can be read', () => {
    assert.throws(() => read('udp,from=(10.1.0.1)\n'), ConntrackUnreadable);
  });
});
