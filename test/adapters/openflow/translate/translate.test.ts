import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FieldMatch, FieldName, FlowMatch } from '../../../../engine/model/match.ts';
import { toWireActions } from '../../../../adapters/openflow/translate/actions.ts';
import { matchKey } from '../../../../adapters/openflow/translate/canonical.ts';
import type { Dialect } from '../../../../adapters/openflow/translate/dialect.ts';
import { toWireMatch } from '../../../../adapters/openflow/translate/match.ts';
import { Untranslatable } from '../../../../adapters/openflow/translate/refused.ts';
import { numberBytes } from '../../../support/match-fields.ts';
import {
  matches,
  type ModelPacket,
  number,
} from '../../../protocols/openflow/support/model-rules.ts';

const DIALECTS: readonly Dialect[] = [
  { version: 4, nicira: false },
  { version: 1, nicira: false },
];
const IN_PORT = 7;

/** Headers that packets and flows are made of: few values, so that they meet. */
const VALUES: Readonly<Partial<Record<FieldName, readonly number[]>>> = {
  eth_src: [0x020000000001, 0x020000000002],
  eth_dst: [0x020000000003, 0x010000000003],
  ipv4_src: [0x0a000001, 0x0a000101, 0x0a010001],
  ipv4_dst: [0x0a000001, 0xc0a80001],
  ip_tos: [0x00, 0x20],
  tcp_src: [80, 443],
  tcp_dst: [80, 8080],
};

const field = (name: FieldName): fc.Arbitrary<FieldMatch | undefined> => {
  const values = VALUES[name] ?? [];
  const bits = numberBytes(name, 0).length * 8;
  const prefix = fc.integer({ min: 1, max: bits });
  const exact = fc.constant(bits);
  const length = name.startsWith('ipv4') ? fc.oneof(prefix, exact) : exact;
  return fc.option(
    fc.record({ value: fc.constantFrom(...values), length }).map(({ value, length: kept }) => {
      const ignored = 2n ** BigInt(bits - kept);
      const all = 2n ** BigInt(bits) - ignored;
      const mask = numberBytes(name, Number(name === 'ip_tos' ? 0xfcn : all));
      const bytes = numberBytes(name, value).map((byte, i) => byte & mask[i]);
      return { field: name, value: bytes, mask };
    }),
    { nil: undefined, freq: 1 },
  );
};

const megaflow: fc.Arbitrary<FlowMatch> = fc
  .tuple(
    field('eth_src'),
    field('eth_dst'),
    fc.constantFrom(0, 5, 6),
    field('ipv4_src'),
    field('ipv4_dst'),
    field('ip_tos'),
    field('tcp_src'),
    field('tcp_dst'),
  )
  .map(([src, dst, vid, ...ip]) => {
    const whole = (name: FieldName, value: number, mask: number): FieldMatch => ({
      field: name,
      value: numberBytes(name, value),
      mask: numberBytes(name, mask),
    });
    const tag =
      vid === 0 ? [] : [whole('vlan_tpid', 0x8100, 0xffff), whole('vlan_vid', vid, 0xfff)];
    const type = [whole('eth_type', 0x0800, 0xffff), whole('ip_proto', 6, 0xff)];
    const fields = [src, dst, ...tag, ...type, ...ip].flatMap((f) => f ?? []);
    return { inPort: 'in', fields, opaque: [] };
  });

const packet: fc.Arbitrary<ModelPacket> = fc
  .record({
    in_port: fc.constantFrom(IN_PORT, 8),
    eth_src: fc.constantFrom(...(VALUES.eth_src ?? [])),
    eth_dst: fc.constantFrom(...(VALUES.eth_dst ?? [])),
    vid: fc.constantFrom(0, 5, 6),
    ip_proto: fc.constantFrom(6, 17),
    ipv4_src: fc.constantFrom(...(VALUES.ipv4_src ?? [])),
    ipv4_dst: fc.constantFrom(...(VALUES.ipv4_dst ?? [])),
    tos: fc.constantFrom(0x00, 0x20),
    src: fc.constantFrom(80, 443),
    dst: fc.constantFrom(80, 8080),
  })
  .map(({ vid, tos, src, dst, ...rest }) => ({
    ...rest,
    eth_type: 0x0800,
    ...(vid === 0 ? {} : { vlan_vid: 0x1000 | vid, vlan_pcp: 0 }),
    ip_dscp: tos >> 2,
    ip_ecn: 0,
    ...(rest.ip_proto === 6 ? { tcp_src: src, tcp_dst: dst } : { udp_src: src, udp_dst: dst }),
  }));

/** What the datapath flow says of the packet, looked at without OpenFlow. */
function megaflowTakes(flow: FlowMatch, p: ModelPacket): boolean {
  const tagged = flow.fields.some((f) => f.field === 'vlan_tpid');
  if (p.in_port !== IN_PORT || tagged !== (p.vlan_vid !== undefined)) return false;
  return flow.fields.every(({ field: name, value, mask }) => {
    const had: Partial<Record<FieldName, number | undefined>> = {
      vlan_tpid: 0x8100,
      vlan_vid: (p.vlan_vid ?? 0) & 0xfff,
      ip_tos: p.ip_dscp << 2,
    };
    const header = had[name] ?? p[name];
    return (
      header !== undefined && (BigInt(header) & BigInt(number(mask))) === BigInt(number(value))
    );
  });
}

describe('matches in OpenFlow', () => {
  for (const dialect of DIALECTS) {
    it(`take the packets of the megaflow and no other, in 1.${dialect.version - 1}`, () => {
      let taken = 0;
      fc.assert(
        fc.property(
          megaflow,
          fc.array(packet, { minLength: 20, maxLength: 20 }),
          (flow, packets) => {
            const match = toWireMatch(flow, IN_PORT, dialect);
            for (const p of packets) {
              assert.equal(matches(match, p), megaflowTakes(flow, p), JSON.stringify([flow, p]));
              if (matches(match, p)) taken++;
            }
          },
        ),
        { numRuns: 500 },
      );
      assert.ok(taken > 100, 'some packets have to meet their flow');
    });
  }

  it('are refused where a version has no words, with the field and the version', () => {
    const base = [
      {
        field: 'eth_type',
        value: numberBytes('eth_type', 0x0800),
        mask: numberBytes('eth_type', 0xffff),
      },
    ] as const;
    const say = (dialect: Dialect, name: FieldName, value: number, mask: number) =>
      toWireMatch(
        {
          inPort: 'in',
          fields: [
            ...base,
            { field: name, value: numberBytes(name, value), mask: numberBytes(name, mask) },
          ],
          opaque: [],
        },
        IN_PORT,
        dialect,
      );
    const [modern, old] = DIALECTS;
    const ovs = { version: 4, nicira: true } as const;
    const cases: readonly (readonly [Dialect, FieldName, number, number])[] = [
      [modern, 'ip_ttl', 64, 255],
      [modern, 'ip_frag', 1, 3],
      [modern, 'tcp_flags', 2, 0xfff],
      [modern, 'tcp_dst', 0x50, 0xfff0],
      [modern, 'ip_tos', 0x20, 0xf0],
      [modern, 'vlan_tpid', 0x88a8, 0xffff],
      [modern, 'cvlan_tpid', 0x8100, 0xffff],
      [modern, 'ip_proto', 4, 0xfc],
      [old, 'ipv4_src', 0x0a000001, 0xff0000ff],
      [old, 'ip_tos', 0x21, 0xff],
      [old, 'eth_src', 0x020000000000, 0xff0000000000],
      [old, 'ip_ttl', 64, 255],
      [ovs, 'ip_ttl', 64, 0xf0],
      [ovs, 'cvlan_vid', 5, 0xfff],
    ];
    for (const [dialect, name, value, mask] of cases) {
      assert.throws(
        () => say(dialect, name, value, mask),
        (error: unknown) =>
          error instanceof Untranslatable &&
          error.refusal.code === 'unsupported-match' &&
          /OpenFlow 1\.[03]/.test(error.refusal.detail),
        `${name} in 1.${dialect.version - 1}`,
      );
    }
    for (const [name, value, mask] of [
      ['ip_ttl', 64, 255],
      ['ip_frag', 1, 3],
      ['tcp_flags', 2, 0x3f],
      ['tcp_dst', 0x50, 0xfff0],
    ] as const) {
      assert.ok(matchKey(say(ovs, name, value, mask)).includes('nxm') || name === 'tcp_dst');
    }
    const opaque = [{ name: 'recirc_id', text: 'recirc_id(5)' }];
    assert.throws(() => toWireMatch({ inPort: 'in', fields: [], opaque }, 1, ovs), Untranslatable);
  });

  it('give fragments the bits of the Nicira extension: any, later', () => {
    const ovs = { version: 4, nicira: true } as const;
    const bits = [0, 1, 2].map((kind) => {
      const frag = { field: 'ip_frag', value: [kind], mask: [3] } as const;
      const fields = [{ field: 'eth_type', value: [8, 0], mask: [255, 255] } as const, frag].map(
        ({ field: name, value, mask }) => ({
          field: name,
          value: Uint8Array.from(value),
          mask: Uint8Array.from(mask),
        }),
      );
      const match = toWireMatch({ inPort: 'in', fields, opaque: [] }, IN_PORT, ovs);
      assert.ok(match.kind === 'oxm');
      const found = match.fields.find((f) => f.kind === 'field' && f.name === 'nxm_nx_ip_frag');
      return found?.kind === 'field' ? found.value[0] : undefined;
    });
    // Nicira's any is bit 0 and later is bit 1; a later fragment has both.
    assert.deepEqual(bits, [0, 1, 3]);
  });

  it('are the same text when they mean the same, whatever the order and the masks', () => {
    const f = (name: 'eth_src' | 'eth_type', value: number[], mask?: number[]) =>
      ({
        kind: 'field',
        name,
        value: Uint8Array.from(value),
        mask: mask === undefined ? undefined : Uint8Array.from(mask),
      }) as const;
    const [src, type] = [f('eth_src', [2, 0, 0, 0, 0, 1]), f('eth_type', [8, 0])];
    const whole = f('eth_type', [8, 0], [255, 255]);
    const key = (...fields: (typeof src)[]) => matchKey({ kind: 'oxm', fields });
    assert.equal(key(src, type), key(whole, src));
    assert.notEqual(key(src, type), key(src, f('eth_type', [8, 0], [255, 0])));
  });
});

describe('actions in OpenFlow', () => {
  const ports: Readonly<Record<string, number>> = { vm1: 3, back: IN_PORT };
  const say = (version: 1 | 4, ...actions: Parameters<typeof toWireActions>[0]) =>
    toWireActions(actions, IN_PORT, (name) => ports[name], { version, nicira: false });
  const set = (name: FieldName, value: number, mask: number) =>
    ({
      kind: 'set',
      field: name,
      value: numberBytes(name, value),
      mask: numberBytes(name, mask),
    }) as const;

  it('rewrite and send in the same order', () => {
    const kinds = (version: 1 | 4) =>
      say(
        version,
        set('eth_src', 0x020000000001, 0xffffffffffff),
        { kind: 'pop-vlan' },
        { kind: 'output', port: 'vm1' },
        { kind: 'push-vlan', tpid: 0x8100, vid: 5, pcp: 3 },
        { kind: 'output', port: 'back' },
      ).map((action) => (action.kind === 'output' ? `output:${action.port}` : action.kind));
    const toItself = 'output:4294967288';
    assert.deepEqual(kinds(4), [
      'set-field',
      'pop-vlan',
      'output:3',
      'push-vlan',
      'set-field',
      'set-field',
      toItself,
    ]);
    assert.deepEqual(kinds(1), [
      'set-eth-src',
      'pop-vlan',
      'output:3',
      'set-vlan-vid',
      'set-vlan-pcp',
      toItself,
    ]);
    assert.deepEqual(say(4), []);
  });

  it('are refused where a version cannot do them', () => {
    const cases = [
      [4, { kind: 'opaque', text: 'recirc(0x1)' }],
      [4, set('ipv4_src', 0x0a000000, 0xff000000)],
      [4, set('ip_tos', 0x20, 0x20)],
      [1, set('ip_ttl', 63, 255)],
      [1, set('ipv6_flabel', 1, 0xfffff)],
      [1, { kind: 'push-vlan', tpid: 0x88a8, vid: 1, pcp: 0 }],
    ] as const;
    for (const [version, action] of cases) {
      assert.throws(
        () => say(version, action),
        (error: unknown) =>
          error instanceof Untranslatable && error.refusal.code === 'unsupported-action',
        JSON.stringify(action),
      );
    }
  });
});
