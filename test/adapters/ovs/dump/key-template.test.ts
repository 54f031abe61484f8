import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dumpLines } from '../../../../bench/support/dump-generator.ts';
import type { FlowMatch } from '../../../../engine/model/match.ts';
import { line, QUIET, Reader, show, ufid } from './dump-lines.ts';

/** The match of the flow `n`; undefined when it is not in the table. */
function matchOf(reader: Reader, n: number): FlowMatch | undefined {
  const row = reader.rows().get(ufid(n));
  return row === undefined ? undefined : reader.table.matchAt(row);
}

/** What the parser makes of `key` when it has never seen another. */
function alone(key: string): string | undefined {
  const reader = new Reader();
  reader.lines(line(key, 'vm2'), line('in_port(x)', 'drop', { n: 2 }));
  const match = matchOf(reader, 1);
  return match === undefined ? undefined : show(match);
}

/** What it makes of `key` right behind `before`, in one dump. */
function behind(before: readonly string[], key: string): string | undefined {
  const reader = new Reader();
  reader.lines(
    ...before.map((other, i) => line(other, 'vm2', { n: i + 10 })),
    line(key, 'vm2'),
    line('in_port(x)', 'drop', { n: 2 }),
  );
  const match = matchOf(reader, 1);
  return match === undefined ? undefined : show(match);
}

const mac = fc
  .array(fc.nat(255), { minLength: 6, maxLength: 6 })
  .map((bytes) => bytes.map((b) => b.toString(16).padStart(2, '0')).join(':'));
const address = fc
  .array(fc.nat(255), { minLength: 4, maxLength: 4 })
  .map((bytes) => bytes.join('.'));
const address6 = fc.constantFrom('::', 'fe80::1', '::ffff:1.2.3.4', 'fd00:1:2:3:4:5:6:7', '1::');
const mask = fc.constantFrom('', '/255.255.255.0', '/255.0.0.0', '/0.0.0.0');
const number = fc.constantFrom('0', '1', '80', '443', '65535', '0x10');
const numberMask = fc.constantFrom('', '/0', '/0xff', '/0xffff');

const ipv4 = fc
  .record({ src: address, sm: mask, dst: address, dm: mask, ttl: fc.nat(255) })
  .map((f) => `ipv4(src=${f.src}${f.sm},dst=${f.dst}${f.dm},proto=6,ttl=${f.ttl}/0,frag=no)`);
const ipv6 = fc
  .record({ src: address6, dst: address6 })
  .map((f) => `ipv6(src=${f.src},dst=${f.dst},proto=6,label=0/0,frag=no)`);
const ip = fc.oneof(
  ipv4.map((text) => `eth_type(0x0800),${text}`),
  ipv6.map((text) => `eth_type(0x86dd),${text}`),
);
const payload = fc
  .record({ ip, src: number, mask: numberMask, flags: fc.constantFrom('', ',tcp_flags(0/0)') })
  .map((f) => `${f.ip},tcp(src=${f.src}${f.mask},dst=80)${f.flags}`);
const key = fc
  .record({
    port: fc.constantFrom('vm1', 'vm2', 'a.b', 'x'.repeat(15)),
    prefix: fc.constantFrom(QUIET, '', 'ct_mark(0x5/0),', 'recirc_id(0x7),'),
    src: mac,
    dst: mac,
    payload,
    vid: fc.option(fc.nat(4095), { nil: undefined }),
  })
  .map((f) => {
    const tag = `eth_type(0x8100),vlan(vid=${f.vid},pcp=0),encap(${f.payload})`;
    const inner = f.vid === undefined ? f.payload : tag;
    return `${f.prefix}in_port(${f.port}),eth(src=${f.src},dst=${f.dst}),${inner}`;
  });

const TCP = `${QUIET}in_port(vm1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2/255.255.255.0,proto=6,tos=0/0,frag=no),tcp(src=5000,dst=80)`;

/** What is put in the place of a character. */
const WRONG = ['', 'x', ')', '/', '9', '\\', '99999'];

describe('keys with a known template', () => {
  it('are read as without other keys', () => {
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 12 }), key, (before, one) => {
        const expected = alone(one);
        assert.notEqual(expected, undefined);
        assert.equal(behind(before, one), expected);
        assert.equal(behind([one, ...before], one), expected);
      }),
      { numRuns: 200 },
    );
  });

  it('are left out when they are garbled, wherever that is', () => {
    const good = TCP.slice(QUIET.length);
    for (let at = 0; at < good.length; at++) {
      for (const byte of [WRONG[at % WRONG.length], WRONG[(at + 3) % WRONG.length]]) {
        const garbled = `${good.slice(0, at)}${byte}${good.slice(at + 1)}`;
        assert.equal(behind([good, good], garbled), alone(garbled), garbled);
      }
    }
  }).timeout(20_000);

  it('differ when a value, a mask or the port differs at the same length', () => {
    for (const [from, to, seen] of [
      ['src=5000', 'src=5001', 'tcp_src=1389'],
      ['/255.255.255.0', '/255.255.254.0', 'ipv4_dst=0a000000/fffffe00'],
      ['dst=80', 'dst=/0', undefined],
      ['(vm1)', '(vm7)', 'vm7 '],
      ['proto=6', 'proto=7', 'ip_proto=07'],
      ['frag=no', 'frag=on', undefined],
    ] as const) {
      const other = TCP.replace(from, to);
      const text = behind([TCP, TCP], other);
      if (seen === undefined) assert.equal(text, undefined, other);
      else assert.ok(text?.includes(seen), `${text} of ${other}`);
    }
  });

  it('share no memory with the dump, nor with each other', () => {
    const reader = new Reader();
    const lines = [...dumpLines({ flows: 300, seed: 7, look: 0 })];
    const dump = Buffer.from(lines.map((text) => `${text}\\n`).join(''), 'latin1');
    reader.escaped(dump);
    dump.fill(0x20);
    const shown = new Map(
      Array.from(reader.rows(), ([id, row]) => [id, reader.table.matchAt(row)]),
    );
    for (const text of lines) {
      if (!text.startsWith('ufid:')) continue;
      const match = shown.get(text.slice(5, 41));
      const written = text.slice(43, text.indexOf(', packets:'));
      assert.equal(match === undefined ? undefined : show(match), alone(written));
    }
  });

  it('create their list of fields once', () => {
    const reader = new Reader();
    reader.lines(line(TCP, 'vm2', { n: 1 }), line(TCP, 'vm2', { n: 2 }));
    const match = matchOf(reader, 2);
    assert.ok(match !== undefined && match.fields === match.fields);
    reader.lines(line(TCP, 'vm2', { n: 1 }), line(TCP, 'vm2', { n: 2 }));
    assert.equal(matchOf(reader, 2), match, 'a flow that stays keeps its match');
  });

  it('are read with any number of templates', () => {
    const reader = new Reader();
    const keyOf = (i: number): string =>
      `${QUIET}in_port(vm1),ct_mark(0x${i.toString(16)}/0),eth(src=02:00:00:00:00:01),eth_type(0x0800),ipv4(src=10.0.0.0/255.${i >> 8}.${i & 0xff}.0)`;
    const keys = Array.from({ length: 6000 }, (_, i) => keyOf(i));
    const { flows, skipped } = reader.lines(
      ...keys.map((text, n) => line(text, 'vm2', { n })),
      ...keys.slice(0, 50).map((text, n) => line(text, 'vm2', { n: n + keys.length })),
    );
    assert.deepEqual([flows, skipped], [keys.length + 50, 0]);
    for (let n = 0; n < 50; n++) {
      const [first, again] = [matchOf(reader, n), matchOf(reader, n + keys.length)];
      assert.equal(again && show(again), first && show(first));
    }
  }).timeout(20_000);
});
