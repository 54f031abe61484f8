import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { FIELD_BITS, fieldBytes, type FieldName } from '../../../../engine/model/match.ts';
import { Reader, show } from './dump-lines.ts';

/** How a field is printed inside which attribute: an independent writer of what OVS prints. */
type Writer = (value: Buffer) => string;

const decimal: Writer = (v) => String(v.readUIntBE(0, v.length));
const hex: Writer = (v) => `0x${v.readUIntBE(0, v.length).toString(16)}`;
const mac: Writer = (v) => Array.from(v, (b) => b.toString(16).padStart(2, '0')).join(':');
const ipv4: Writer = (v) => Array.from(v, String).join('.');
const ipv6: Writer = (v) => {
  const groups = Array.from({ length: 8 }, (_, i) => v.readUInt16BE(2 * i).toString(16));
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
};

interface Printed {
  readonly field: FieldName;
  readonly part: string;
  readonly value: Writer;
  readonly mask: Writer;
}

const p = (part: string, field: FieldName, value: Writer, mask: Writer = value): Printed => ({
  field,
  part,
  value,
  mask,
});

const ATTRIBUTES: Readonly<Record<string, readonly Printed[]>> = {
  eth: [p('src', 'eth_src', mac), p('dst', 'eth_dst', mac)],
  ipv4: [
    p('src', 'ipv4_src', ipv4),
    p('dst', 'ipv4_dst', ipv4),
    p('proto', 'ip_proto', decimal, hex),
    p('tos', 'ip_tos', hex),
    p('ttl', 'ip_ttl', decimal, hex),
  ],
  ipv6: [p('src', 'ipv6_src', ipv6), p('dst', 'ipv6_dst', ipv6), p('label', 'ipv6_flabel', hex)],
  tcp: [p('src', 'tcp_src', decimal, hex), p('dst', 'tcp_dst', decimal, hex)],
  udp: [p('src', 'udp_src', decimal, hex), p('dst', 'udp_dst', decimal, hex)],
  sctp: [p('src', 'sctp_src', decimal, hex), p('dst', 'sctp_dst', decimal, hex)],
  icmp: [p('type', 'icmp_type', decimal, hex), p('code', 'icmp_code', decimal, hex)],
  nd: [p('target', 'nd_target', ipv6), p('sll', 'nd_sll', mac), p('tll', 'nd_tll', mac)],
  arp: [
    p('sip', 'arp_spa', ipv4),
    p('tip', 'arp_tpa', ipv4),
    p('op', 'arp_op', decimal, hex),
    p('sha', 'arp_sha', mac),
    p('tha', 'arp_tha', mac),
  ],
};

/** Value and mask of a field, each as wide as the field. */
const masked = (field: FieldName) => {
  const width = fieldBytes(field);
  const full = Buffer.alloc(width, 0xff);
  full[0] = 0xff >> (width * 8 - FIELD_BITS[field]);
  const bytes = fc
    .uint8Array({ minLength: width, maxLength: width })
    .map((b) => Buffer.from(b.map((byte, i) => byte & full[i])));
  const zero = Buffer.alloc(width);
  return fc.record({
    value: fc.oneof(bytes, fc.constant(zero)),
    mask: fc.oneof(fc.constant(full), fc.constant(zero), bytes),
  });
};

/** A random attribute: how OVS prints it, and the fields that must come of it. */
const attribute = (name: string) =>
  fc
    .tuple(...ATTRIBUTES[name].map(({ field }) => fc.option(masked(field), { nil: undefined })))
    .map((choices) => {
      const words: string[] = [];
      const expected: string[] = [];
      for (const [i, choice] of choices.entries()) {
        if (choice === undefined) continue;
        const { field, part, value, mask } = ATTRIBUTES[name][i];
        const bits = choice.mask.toString('hex');
        const full = FIELD_BITS[field];
        const exact = BigInt(`0x${bits}`) === 2n ** BigInt(full) - 1n;
        words.push(`${part}=${value(choice.value)}${exact ? '' : `/${mask(choice.mask)}`}`);
        if (BigInt(`0x${bits}`) === 0n) continue;
        const kept = Buffer.from(choice.value.map((byte, k) => byte & choice.mask[k]));
        expected.push(`${field}=${kept.toString('hex')}${exact ? '' : `/${bits}`}`);
      }
      return { text: `${name}(${words.join(',')})`, expected };
    });

const id = fc.record({
  w0: fc.nat(0xffffffff),
  w1: fc.nat(0xffffffff),
  w2: fc.nat(0xffffffff),
  w3: fc.nat(0xffffffff),
});

const flow = fc.record({
  id,
  port: fc.stringMatching(/^[a-z][a-z0-9_.-]{0,14}$/),
  attributes: fc
    .subarray(Object.keys(ATTRIBUTES))
    .chain((names) => fc.tuple(...names.map(attribute))),
  packets: fc.nat(2 ** 31),
  bytes: fc.maxSafeNat(),
  used: fc.option(fc.nat(10_000_000), { nil: undefined }),
  to: fc.stringMatching(/^vnet[0-9]{1,4}$/),
});

describe('flows printed as OVS does', () => {
  it('come back as they were, the first time and the next', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(flow, { minLength: 1, maxLength: 8, selector: (f) => formatFlowId(f.id) }),
        (flows) => {
          const reader = new Reader();
          for (const look of [0, 1, 2]) {
            const lines = flows.map((f) => {
              const key = [`in_port(${f.port})`, ...f.attributes.map((a) => a.text)].join(',');
              const used = f.used === undefined ? 'never' : `${(f.used / 1000).toFixed(3)}s`;
              return `ufid:${formatFlowId(f.id)}, ${key}, packets:${f.packets + look}, bytes:${f.bytes}, used:${used}, dp:ovs, actions:${f.to}`;
            });
            const { flows: read, firstSkipped } = reader.lines(...lines);
            assert.equal(read, flows.length, firstSkipped);
            for (const f of flows) {
              const row = reader.table.rowOf(f.id);
              const order = Object.keys(FIELD_BITS);
              const place = (text: string): number => order.indexOf(text.split('=')[0]);
              const expected = f.attributes
                .flatMap((a) => a.expected)
                .sort((a, b) => place(a) - place(b));
              assert.equal(show(reader.table.matchAt(row)), [f.port, ...expected].join(' '));
              assert.deepEqual(reader.table.actionsAt(row), [{ kind: 'output', port: f.to }]);
              assert.equal(reader.table.traffic.vswitchPackets[row], f.packets + look);
              assert.equal(reader.table.traffic.vswitchBytes[row], f.bytes);
              assert.equal(reader.table.actionsVersionAt(row), 1);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
