import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DumpTruncated, DumpUnreadable } from '../../../../adapters/ovs/dump/errors.ts';
import { collectUntil } from '../../../support/garbage.ts';
import { escape, line, QUIET, Reader, show, showActions, ufid } from './dump-lines.ts';

const KEY = `${QUIET}in_port(vm1),packet_type(ns=0,id=0),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1/255.255.255.192,dst=10.0.0.2,proto=6,tos=0/0,ttl=64/0,frag=no),tcp(src=1/0,dst=80)`;
const EXTRA = ', dp-extra-info:miniflow_bits(5,1)';
const TITLE = 'flow-dump from the main thread:';

describe('flow dumps', () => {
  it('are read into rows with counters', () => {
    const reader = new Reader();
    const summary = reader.lines(
      TITLE,
      line(KEY, 'vm2', { n: 1, packets: 7, bytes: 700, used: '1.250s', extra: EXTRA }),
      line(KEY, 'drop', { n: 2, packets: 0, bytes: 0, used: 'never' }),
    );
    assert.deepEqual(summary, { flows: 2, skipped: 0, firstSkipped: undefined });
    const { table } = reader;
    const row = reader.rows().get(ufid(1)) ?? -1;
    assert.equal(table.traffic.vswitchPackets[row], 7);
    assert.equal(table.traffic.vswitchBytes[row], 700);
    const dropped = reader.rows().get(ufid(2)) ?? -1;
    assert.deepEqual(table.actionsAt(dropped), []);
    assert.equal(table.traffic.vswitchPackets[dropped], 0);
  });

  it('report when a flow was last active', () => {
    const reader = new Reader();
    const idle = (used: string): number => {
      reader.lines(line(KEY, 'vm2', { used, packets: 5 }), line(KEY, 'vm2', { n: 2 }));
      const row = reader.rows().get(ufid(1)) ?? -1;
      return reader.table.readAtMs - reader.table.traffic.lastActiveMs[row];
    };
    assert.equal(idle('never'), 0, 'first seen');
    assert.equal(idle('0.250s'), 250);
    assert.equal(idle('0.000s'), 0);
    assert.equal(idle('-0.003s'), 0, 'vswitchd was ahead');
    assert.equal(idle('12345.678s'), 1000, 'activity never goes back');
  });

  it('report the activity of a flow that another thread has never used', () => {
    for (const [first, second] of [
      ['never', '0.250s'],
      ['0.250s', 'never'],
    ]) {
      const reader = new Reader();
      const bothThreads = (): unknown =>
        reader.lines(line(KEY, 'vm2', { used: first }), line(KEY, 'vm2', { used: second }));
      bothThreads();
      bothThreads();
      const { readAtMs, traffic } = reader.table;
      assert.equal(readAtMs - traffic.lastActiveMs[reader.only()], 250, `${first}, ${second}`);
    }
  });

  it('lose a flow with garbled counters whose actions have become longer', () => {
    const reader = new Reader();
    const other = line(KEY, 'drop', { n: 2 });
    reader.lines(line(KEY, 'vm2'), other);
    reader.lines(line(KEY, 'vm2').replace('packets:1', 'packets:x'), other);
    assert.ok(reader.rows().has(ufid(1)), 'the same actions');
    reader.lines(line(KEY, 'vm2,vm3').replace('packets:1', 'packets:x'), other);
    assert.ok(!reader.rows().has(ufid(1)), 'an action more');
  });

  it('do not stay in memory', async () => {
    const reader = new Reader();
    const key6 = (last: string): string =>
      `${QUIET}in_port(vm1),eth_type(0x86dd),ipv6(src=fd00::${last},dst=fd00::2,label=0,proto=17,tclass=0,hlimit=64,frag=no)`;
    const flows = [KEY, key6('a'), key6('b'), KEY, KEY];
    const lines = escape(flows.map((key, n) => `${line(key, 'vm2', { n })}\n`).join(''));
    let text: Buffer | undefined = Buffer.allocUnsafeSlow(lines.length);
    lines.copy(text);
    const buffer = new WeakRef(text.buffer);
    // Known flows leave the parser by another way than new ones.
    for (let i = 0; i < 2; i++) reader.escaped(text);
    text = undefined;
    await collectUntil(() => buffer.deref() === undefined);
    assert.ok(buffer.deref() === undefined);
    assert.equal(reader.table.count, 5);
  });

  it('keep rows, matches and actions as they are while nothing changes', () => {
    const reader = new Reader();
    for (let look = 1; look <= 5; look++) {
      reader.lines(
        TITLE,
        line(KEY, 'vm2', { n: 1, packets: 10 ** look, bytes: 60 * 10 ** look, extra: EXTRA }),
        line(KEY, 'set(eth(src=02:00:00:00:00:09)),vm3', { n: 2, used: `${look}.000s` }),
      );
      const row = reader.rows().get(ufid(1)) ?? -1;
      assert.equal(reader.table.traffic.vswitchPackets[row], 10 ** look);
      assert.equal(reader.table.traffic.vswitchBytes[row], 60 * 10 ** look);
      assert.equal(reader.table.actionsVersionAt(row), 1);
    }
  });

  for (const [what, before, after] of [
    ['of another length', 'vm2', 'vm2,vm3'],
    ['of the same length', 'vm2', 'vm3'],
    ['that begin the same', 'vm2', 'vm22'],
    ['that become a drop', 'vm2', 'drop'],
  ] as const) {
    it(`report changed actions ${what}`, () => {
      const reader = new Reader();
      reader.lines(line(KEY, before, { extra: EXTRA }), line(KEY, 'vm9', { n: 2 }));
      reader.lines(line(KEY, after, { extra: EXTRA }), line(KEY, 'vm9', { n: 2 }));
      const row = reader.rows().get(ufid(1)) ?? -1;
      assert.equal(reader.table.actionsVersionAt(row), 2);
      assert.equal(
        showActions(reader.table.actionsAt(row)),
        after === 'drop' ? '' : after.replaceAll(/vm/g, '>vm').replaceAll(',', ' '),
      );
      assert.equal(reader.table.actionsVersionAt(reader.rows().get(ufid(2)) ?? -1), 1);
    });
  }

  it('report a changed mask under the same ufid, at the same length', () => {
    const reader = new Reader();
    reader.lines(line(KEY, 'vm2'), line(KEY, 'vm2', { n: 2 }));
    reader.lines(line(KEY.replace('.192', '.224'), 'vm2'), line(KEY, 'vm2', { n: 2 }));
    const row = reader.rows().get(ufid(1)) ?? -1;
    assert.match(show(reader.table.matchAt(row)), /ipv4_src=0a000000\/ffffffe0/);
    assert.ok(reader.table.actionsVersionAt(row) > 1, 'it counts as a change');
  });

  it('report another port under the same ufid', () => {
    const reader = new Reader();
    reader.lines(line(KEY, 'vm2'), line(KEY, 'vm2', { n: 2 }));
    reader.lines(line(KEY.replace('(vm1)', '(vm7)'), 'vm2'), line(KEY, 'vm2', { n: 2 }));
    const row = reader.rows().get(ufid(1)) ?? -1;
    assert.equal(reader.table.matchAt(row).inPort, 'vm7');
    assert.ok(reader.table.actionsVersionAt(row) > 1);
  });

  it('sum the threads of a userspace datapath', () => {
    const reader = new Reader();
    const look = (a: number, b: number): void => {
      const summary = reader.lines(
        'flow-dump from pmd on cpu core: 1',
        line(KEY, 'vm2', { packets: a, bytes: a * 60, used: '5.000s' }),
        'flow-dump from pmd on cpu core: 2',
        line(KEY, 'vm2', { packets: b, bytes: b * 60, used: '0.500s' }),
      );
      assert.equal(summary.flows, 1);
    };
    look(100, 5);
    look(110, 7);
    look(110, 9);
    const row = reader.only();
    assert.equal(reader.table.traffic.vswitchPackets[row], 119);
    assert.equal(reader.table.traffic.vswitchBytes[row], 119 * 60);
    assert.equal(reader.table.readAtMs - reader.table.traffic.lastActiveMs[row], 500);
  });

  describe('of several threads', () => {
    const thread = (packets: number | string): string =>
      line(KEY, 'vm2', { bytes: 60 * Number(packets) }).replace(
        'packets:1,',
        `packets:${packets},`,
      );
    const totals = (...looks: readonly (readonly (number | string)[])[]): readonly number[] => {
      const reader = new Reader();
      return looks.map((threads) => {
        reader.lines(...threads.map((packets) => thread(packets)));
        assert.equal(reader.table.count, 1);
        return reader.table.totals.vswitchPackets;
      });
    };

    it('count nothing twice when the flow of one of them goes', () => {
      assert.deepEqual(
        totals([1000, 1_000_000], [1_000_000], [1_000_005]),
        [1_001_000, 1_001_000, 1_001_005],
      );
      assert.deepEqual(totals([50, 7], [7], [7, 3]), [57, 57, 60]);
    });

    it('count nothing twice when the flow moves from one to another', () => {
      assert.deepEqual(totals([50, 7], [7, 1], [8, 2]), [57, 57, 59]);
    });

    it('count on while one of them goes and the others send more than it had', () => {
      assert.deepEqual(totals([1, 100], [150]), [101, 150]);
    });

    it('count from zero when the only one recreates its flow', () => {
      assert.deepEqual(totals([50, 7], [7], [3], [4]), [57, 57, 60, 61]);
    });

    for (const [what, garbled] of [
      ['first', ['x', 12]],
      ['last', [101, 'x']],
      ['only', ['x']],
    ] as const) {
      it(`count nothing twice when the ${what} line is garbled, and catch up`, () => {
        assert.deepEqual(totals([100, 10], garbled, [103, 14]), [110, 110, 117]);
      });
    }

    it('count nothing twice when a line is garbled and another is gone', () => {
      assert.deepEqual(totals([100, 10, 1], ['x', 10], [100, 10], [101, 10]), [111, 111, 111, 112]);
    });

    for (const [what, from, to] of [
      ['key', 'proto=6', 'proto=six'],
      ['actions', ':vm2', ':set(eth(src='],
    ] as const) {
      it(`count nothing twice when one line has garbled ${what}`, () => {
        const reader = new Reader();
        reader.lines(thread(100), thread(10));
        reader.lines(thread(101).replace(from, to), thread(11));
        assert.equal(reader.table.totals.vswitchPackets, 110);
        reader.lines(thread(102), thread(12));
        assert.equal(reader.table.totals.vswitchPackets, 114);
      });
    }

    it('give a flow in a row that had several a fresh start', () => {
      const reader = new Reader();
      reader.lines(thread(5), thread(6));
      reader.lines(line(KEY, 'vm2', { n: 9, packets: 1 }));
      reader.lines(line(KEY, 'vm2', { n: 2, packets: 4 }));
      reader.lines(line(KEY, 'vm2', { n: 2, packets: 3 }));
      assert.equal(reader.table.totals.vswitchPackets, 11 + 1 + 4 + 3);
    });
  });

  it('add the L2 header to what tc counts', () => {
    const reader = new Reader();
    const attributes = ', flags:SP., offloaded:yes, dp:tc';
    for (const packets of [10, 20]) {
      reader.lines(line(KEY, 'vm2', { packets, bytes: packets * 100, attributes }));
    }
    assert.equal(reader.table.traffic.vswitchBytes[reader.only()], 20 * 114);
  });

  it('read counters whatever attributes stand behind them', () => {
    for (const attributes of [
      '',
      ', flags:S[200].',
      ', offloaded:partial, dp:ovs',
      ', new:thing',
    ]) {
      const reader = new Reader();
      assert.equal(reader.lines(line(KEY, 'vm2', { packets: 3, attributes })).skipped, 0);
      assert.equal(reader.table.traffic.vswitchPackets[reader.only()], 3);
    }
  });

  it('read lines with escapes in them', () => {
    const reader = new Reader();
    for (const packets of [1, 2]) {
      const key = KEY.replace('vm1', 'a\\n"b\u00e9');
      assert.equal(
        reader.lines(line(key, 'vm"2', { packets }), line(KEY, 'x', { n: 2 })).skipped,
        0,
      );
      const row = reader.rows().get(ufid(1)) ?? -1;
      assert.equal(reader.table.matchAt(row).inPort, 'a\\n"b\u00e9');
      assert.deepEqual(reader.table.actionsAt(row), [{ kind: 'output', port: 'vm"2' }]);
      assert.equal(reader.table.traffic.vswitchPackets[row], packets);
      assert.equal(reader.table.actionsVersionAt(row), 1);
    }
  });

  it('remove a flow that is no longer listed', () => {
    const reader = new Reader();
    reader.lines(line(KEY, 'vm2'), line(KEY, 'vm2', { n: 2 }));
    const row = reader.rows().get(ufid(1)) ?? -1;
    reader.lines(line(KEY, 'vm2', { n: 2 }));
    assert.deepEqual(reader.table.removed, [row]);
    reader.lines(line(KEY, 'vm3', { n: 3, packets: 9 }), line(KEY, 'vm2', { n: 2 }));
    const again = reader.rows().get(ufid(3)) ?? -1;
    assert.equal(again, row, 'the row is used again');
    assert.equal(showActions(reader.table.actionsAt(again)), '>vm3');
  });

  it('of an idle node are empty', () => {
    const reader = new Reader();
    assert.deepEqual(reader.lines(), { flows: 0, skipped: 0, firstSkipped: undefined });
    assert.equal(reader.lines(TITLE, '').flows, 0);
  });

  it('read as the same flows by another table afterwards', () => {
    const [one, two] = [new Reader(), new Reader()];
    for (const reader of [one, two, one, two]) {
      reader.lines(line(KEY, 'vm2', { n: 1 }), line(KEY, 'vm2', { n: 2 }));
      assert.equal(reader.table.count, 2);
    }
  });
});

describe('garbled flow dumps', () => {
  const good = (n: number, packets = 1): string => line(KEY, 'vm2', { n, packets });

  it('lose only the lines that cannot be read, and say which', () => {
    const reader = new Reader();
    const { flows, skipped, firstSkipped } = reader.lines(
      good(1),
      'recirc_id(0),in_port(1), packets:1, bytes:1, used:never, actions:2',
      good(2).replace('proto=6', 'proto=six'),
      good(3),
    );
    assert.equal(flows, 2);
    assert.equal(skipped, 2);
    assert.match(firstSkipped ?? '', /^no ufid: recirc_id\(0\)/);
  });

  it('keep a flow whose counters alone are garbled', () => {
    for (const bad of ['packets:x', 'packets:', 'pakets:5', 'packets:5, bits:3']) {
      const reader = new Reader();
      reader.lines(good(1, 5), good(2));
      const row = reader.rows().get(ufid(1)) ?? -1;
      const { skipped } = reader.lines(good(1).replace('packets:1', bad), good(2));
      assert.equal(skipped, 1);
      assert.equal(reader.rows().get(ufid(1)), row);
      assert.equal(reader.table.traffic.vswitchPackets[row], 5);
      reader.lines(good(1, 6), good(2));
      assert.equal(reader.table.traffic.vswitchPackets[row], 6);
    }
  });

  it('do not keep a flow whose actions cannot be read', () => {
    const reader = new Reader();
    reader.lines(good(1), good(2));
    const { skipped } = reader.lines(good(1).replace(':vm2', ':set(eth(src='), good(2));
    assert.equal(skipped, 1);
    assert.equal(reader.rows().has(ufid(1)), false);
  });

  it('are refused when they end within a line', () => {
    const reader = new Reader();
    reader.lines(good(1), good(2));
    const whole = escape(`${good(1)}\n${good(2)}\n`);
    for (let at = 1; at < whole.length; at++) {
      const boundary = whole.subarray(at - 2, at).equals(Buffer.from('\\n'));
      if (boundary) continue;
      assert.throws(() => reader.escaped(whole.subarray(0, at)), DumpTruncated);
      assert.equal(reader.table.count, 2, 'the last good reading stays');
    }
    assert.equal(reader.lines(good(1), good(2)).flows, 2);
  });

  it('are refused when no line can be read', () => {
    const reader = new Reader();
    reader.lines(good(1));
    assert.throws(() => reader.lines('hello', 'world'), DumpUnreadable);
    assert.equal(reader.table.count, 1);
  });

  it('never crash the parser, nor add a flow that does not exist', () => {
    const reader = new Reader();
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ at: fc.nat(2000), byte: fc.nat(255), kind: fc.constantFrom(0, 1, 2) }),
          { minLength: 1, maxLength: 6 },
        ),
        (edits) => {
          let bytes = Buffer.from(escape(`${[1, 2, 3, 4].map((n) => good(n, n)).join('\n')}\n`));
          for (const { at, byte, kind } of edits) {
            const p = at % bytes.length;
            if (kind === 0) bytes[p] = byte;
            else if (kind === 1)
              bytes = Buffer.concat([bytes.subarray(0, p), bytes.subarray(p + 1)]);
            else bytes = Buffer.concat([bytes.subarray(0, p), Buffer.of(byte), bytes.subarray(p)]);
          }
          try {
            const { flows, skipped } = reader.escaped(bytes);
            assert.equal(flows, reader.table.count);
            assert.ok(flows + skipped >= 1);
          } catch (error) {
            assert.ok(error instanceof DumpTruncated || error instanceof DumpUnreadable);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('of random bytes are refused', () => {
    const reader = new Reader();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), (bytes) => {
        const text = Buffer.concat([Buffer.from(bytes), Buffer.from('\\n')]);
        try {
          assert.equal(reader.escaped(text).flows, 0);
        } catch (error) {
          assert.ok(error instanceof DumpUnreadable || error instanceof DumpTruncated);
        }
      }),
    );
  });
});
