import assert from 'node:assert/strict';
import type { FlowActions } from '../../../../../engine/model/action.ts';
import { TUNNEL_KEY, TUNNEL_KEY_6_4 } from '../../../../../protocols/netlink/tc/action-tables.ts';
import { FLOWER } from '../../../../../protocols/netlink/tc/flower-table.ts';
import { ACT } from '../../../../../protocols/netlink/tc/tables.ts';
import { attributesIn } from '../../../../../protocols/netlink/attributes.ts';
import { AttributeReader } from '../../../../../protocols/netlink/tables.ts';
import {
  filterOf,
  IPV4,
  outcome,
  refusalOf,
  type RuleSettings,
  ruleOf,
  to,
  TO_VM2,
} from './support/rules.ts';

const INNER = 'tun_id=0x64,src=172.16.0.2,dst=172.16.0.1,tos=0,ttl=0/0,flags(-df-csum+key)';
const OUTER = 'tun_id=0x64,dst=172.16.0.2,tos=0x4,ttl=64,tp_dst=4789,flags(df|key)';

const from = (text: string): RuleSettings => ({
  isInSoftware: true,
  opaque: [{ name: 'tunnel', text }],
});
const into = (text: string): FlowActions => [
  { kind: 'opaque', text: `set(tunnel(${text}))` },
  to('vm2'),
];

/** Options of the first action of a rule that sends into a tunnel. */
function optionsOf(text: string): AttributeReader {
  const { actions } = ruleOf(IPV4, into(text), { isInSoftware: true });
  const options = new AttributeReader(actions[0]).get(ACT.options);
  assert(options !== undefined);
  return options;
}

/** Values of the attributes inside of an attribute, hexadecimal. */
const valuesOf = ({ value }: { readonly value: Buffer }): string =>
  attributesIn(value)
    .map((inside) => inside.value.toString('hex'))
    .join('');

/** The only option: class, type and data, hexadecimal. */
function optionText(options: AttributeReader | undefined): string | undefined {
  return options === undefined ? undefined : attributesIn(options.bytes).map(valuesOf).join(' ');
}

describe('rules of tc flower for tunnels', () => {
  it('match the outer headers, and take them away first', () => {
    const filter = filterOf(ruleOf(IPV4, TO_VM2, from(INNER)));
    const { options, actions } = filter;
    assert.deepEqual(
      [
        options.get(FLOWER.tunnelKeyId),
        options.get(FLOWER.tunnelIpv4Source)?.toString('hex'),
        options.get(FLOWER.tunnelIpv4SourceMask)?.toString('hex'),
        options.get(FLOWER.tunnelIpv4Destination)?.toString('hex'),
        options.get(FLOWER.tunnelIpTos),
        options.get(FLOWER.tunnelIpTosMask),
        options.get(FLOWER.tunnelIpTtl),
        options.get(FLOWER.tunnelUdpDestinationPort),
      ],
      [0x64, 'ac100002', 'ffffffff', 'ac100001', 0, 0xff, undefined, undefined],
    );
    assert.deepEqual(
      actions.map(({ kind }) => kind),
      ['tunnel_key', 'mirred'],
    );
  });

  it('match a TOS of 0 where none is written', () => {
    const tosOf = (text: string) => {
      const { options } = filterOf(ruleOf(IPV4, TO_VM2, from(text)));
      return [options.get(FLOWER.tunnelIpTos), options.get(FLOWER.tunnelIpTosMask)];
    };
    assert.deepEqual(tosOf('tun_id=0x1,src=1.1.1.1'), [0, 0xff]);
    assert.deepEqual(tosOf('tun_id=0x1,tos=0/0'), [undefined, undefined]);
  });

  it('match parts of them with masks', () => {
    const text =
      'tun_id=0x1,src=10.0.0.0/255.0.0.0,tos=0x4/0xfc,ttl=64,tp_src=0x100/0xff00,tp_dst=5';
    const { options } = filterOf(ruleOf(IPV4, TO_VM2, from(text)));
    assert.deepEqual(
      [
        options.get(FLOWER.tunnelIpv4SourceMask)?.toString('hex'),
        options.get(FLOWER.tunnelIpTosMask),
        options.get(FLOWER.tunnelIpTtlMask),
        options.get(FLOWER.tunnelUdpSourcePort),
        options.get(FLOWER.tunnelUdpSourcePortMask),
        options.get(FLOWER.tunnelUdpDestinationPort),
      ],
      ['ff000000', 0xfc, 0xff, 0x100, 0xff00, 5],
    );
  });

  it('match outer headers of IPv6', () => {
    const text = 'tun_id=0x1,ipv6_src=fd00::1,ipv6_dst=fd00::/ffff::,tos=0,ttl=0/0,flags(+key)';
    const { options } = filterOf(ruleOf(IPV4, TO_VM2, from(text)));
    assert.deepEqual(
      [
        options.get(FLOWER.tunnelIpv6Source)?.toString('hex'),
        options.get(FLOWER.tunnelIpv6SourceMask)?.toString('hex'),
        options.get(FLOWER.tunnelIpv6Destination)?.toString('hex'),
        options.get(FLOWER.tunnelIpv6DestinationMask)?.toString('hex'),
        options.get(FLOWER.tunnelIpv4Source),
      ],
      [
        'fd000000000000000000000000000001',
        'f'.repeat(32),
        'fd000000000000000000000000000000',
        'ffff0000000000000000000000000000',
        undefined,
      ],
    );
  });

  for (const { text, value, mask, optionBytes } of [
    {
      text: 'geneve({class=0x102,type=0x80,len=4,0x10002})',
      value: '01028000010002',
      mask: 'ffffffffffffff',
      optionBytes: 8,
    },
    {
      text: 'geneve({class=0x102/0xff00,type=0x80/0xf0,len=8,0x2a/0xffff})',
      value: '010280000000000000002a',
      mask: 'ff00f0000000000000ffff',
      optionBytes: 12,
    },
    {
      text: 'geneve({class=0x102,type=0x1,len=4})',
      value: '01020100000000',
      mask: 'ffffff00000000',
      optionBytes: 8,
    },
    { text: 'geneve()', value: undefined, mask: undefined, optionBytes: 0 },
  ]) {
    it(`match options: ${text}`, () => {
      const rule = ruleOf(IPV4, TO_VM2, from(`tun_id=0x1,src=1.1.1.1,${text},flags(+key)`));
      const { options } = filterOf(rule);
      assert.equal(rule.optionBytes, optionBytes);
      const written = [FLOWER.tunnelOptions, FLOWER.tunnelOptionsMask].map((row) =>
        optionText(options.get(row)),
      );
      assert.deepEqual(written, [value, mask]);
    });
  }

  it('give packets outer headers of IPv6, and options', () => {
    const set = optionsOf(
      'tun_id=0x64,ipv6_src=fd00::1,ipv6_dst=fd00::2,ttl=64,tp_dst=6081,' +
        'geneve({class=0x102,type=0x1,len=4,0x2a}{class=0x3,type=0x7f,len=8,0x0}),flags(csum|key)',
    );
    assert.deepEqual(
      [
        set.get(TUNNEL_KEY.ipv6Source)?.toString('hex'),
        set.get(TUNNEL_KEY.ipv6Destination)?.toString('hex'),
        set.get(TUNNEL_KEY.ipv4Destination),
        set.get(TUNNEL_KEY.destinationPort),
      ],
      ['fd000000000000000000000000000001', 'fd000000000000000000000000000002', undefined, 6081],
    );
    const both = attributesIn(set.get(TUNNEL_KEY.options)?.bytes ?? Buffer.alloc(0));
    assert.deepEqual(both.map(valuesOf), ['0102010000002a', `00037f${'00'.repeat(8)}`]);
  });

  it('do not need the flag DF of the kernel in outer headers of IPv6', () => {
    const text = 'tun_id=0x64,ipv6_dst=fd00::2,ttl=64,flags(df|key)';
    assert(outcome(IPV4, into(text), { isInSoftware: true, canForbidFragments: false }).ok);
  });

  it('take away after the heartbeat, whose packets keep them', () => {
    const { actions } = filterOf(ruleOf(IPV4, TO_VM2, { ...from(INNER), heartbeat: true }));
    assert.deepEqual(
      actions.map(({ kind }) => kind),
      ['police', 'tunnel_key', 'mirred'],
    );
  });

  it('give the outer headers to packets', () => {
    const set = optionsOf(OUTER);
    assert.deepEqual(
      [
        set.get(TUNNEL_KEY.keyId),
        set.get(TUNNEL_KEY.ipv4Source)?.toString('hex'),
        set.get(TUNNEL_KEY.ipv4Destination)?.toString('hex'),
        set.get(TUNNEL_KEY.destinationPort),
        set.get(TUNNEL_KEY.tos),
        set.get(TUNNEL_KEY.ttl),
        set.get(TUNNEL_KEY.noChecksum),
        set.get(TUNNEL_KEY_6_4.doNotFragment),
      ],
      [0x64, '00000000', 'ac100002', 4789, 4, 64, 1, true],
    );
    const other = optionsOf('tun_id=0x64,src=10.0.0.1,dst=10.0.0.2,ttl=64,flags(csum|key)');
    assert.equal(other.get(TUNNEL_KEY.ipv4Source)?.toString('hex'), '0a000001');
    assert.equal(other.get(TUNNEL_KEY.noChecksum), undefined);
    assert.equal(other.get(TUNNEL_KEY_6_4.doNotFragment), undefined);
  });

  for (const [text, detail] of [
    ['tun_id=0x64/0xff,src=1.1.1.1', 'flower cannot match tun_id=0x64/0xff'],
    ['tun_id=0x164000000,src=1.1.1.1', 'flower cannot match tun_id=0x164000000'],
    ['src=1.1.1.1', 'the tunnel is matched without its id'],
    ['tun_id=0x1,flags(-oam-df)', 'flower cannot match the flag oam of a tunnel'],
    ['tun_id=0x1,ipv6_src=fd00::x', 'flower cannot match ipv6_src=fd00::x of a tunnel'],
    ['tun_id=0x1,vxlan(gbp(id=1))', 'flower cannot match vxlan(gbp(id=1)) of a tunnel'],
    [
      'tun_id=0x1,geneve({class=0x1,type=0x2,len=4/0x3,0xa})',
      'flower cannot match geneve({class=0x1,type=0x2,len=4/0x3,0xa}) of a tunnel',
    ],
    [
      'tun_id=0x1,geneve({class=0x1,type=0x2,len=4,0xa}{class=0x1,type=0x3,len=4,0xa})',
      'flower cannot tell 2 options from longer ones',
    ],
    ['tun_id=0x1,geneve({class=0x1,type=0x2,len=0})', 'flower cannot match an option without data'],
    ['tun_id=0x1,tos=700', 'flower cannot match tos=700 of a tunnel'],
  ] as const) {
    it(`are refused where tunnels match ${text}`, () => {
      const made = outcome(IPV4, TO_VM2, from(text));
      assert.equal(refusalOf(made), `unsupported-match: ${detail}`);
    });
  }

  for (const [text, detail] of [
    ['tun_id=0x1,ttl=64,flags(key)', 'the tunnel has no destination or no id'],
    ['tun_id=0x1,dst=1.1.1.1,flags(0)', 'the tunnel has no destination or no id'],
    ['tun_id=0x1,dst=1.1.1.1,flags(oam|key)', 'tc cannot set the flag oam of a tunnel'],
    ['tun_id=0x1,dst=1.1.1.1,tp_src=5,flags(key)', 'tc cannot set tp_src=5 of a tunnel'],
    [
      'tun_id=0x1,dst=1.1.1.1,vxlan(gbp(id=1)),flags(key)',
      'tc cannot set vxlan(gbp(id=1)) of a tunnel',
    ],
    [
      'tun_id=0x1,dst=1.1.1.1,geneve({class=0x1,type=0x2,len=0}),flags(key)',
      'tc cannot set an option without data',
    ],
    [
      'tun_id=0x1,dst=1.1.1.1,geneve({class=0x1,type=0x80,len=4,0xa}),flags(key)',
      'tc does not say in the header of a tunnel that an option is critical',
    ],
    ['tun_id=0x100000000,dst=1.1.1.1,flags(key)', 'the id of the tunnel has more than 32 bits'],
  ] as const) {
    it(`are refused where they would send into ${text}`, () => {
      const made = outcome(IPV4, into(text), { isInSoftware: true });
      assert.equal(refusalOf(made), `unsupported-action: ${detail}`);
    });
  }

  it('are refused where the kernel ignores the flag DF', () => {
    assert.equal(
      refusalOf(outcome(IPV4, into(OUTER), { isInSoftware: true, canForbidFragments: false })),
      'unsupported-action: tc sets the flag DF of a tunnel from Linux 6.4 on',
    );
  });
});

describe('rules of tc flower for tunnels, in a NIC', () => {
  const inNic = (inPort: string, text: string): RuleSettings => ({
    ...from(text),
    isInSoftware: false,
    inPort,
  });

  it('match the port of the device', () => {
    const option = 'geneve({class=0x102,type=0x80,len=4,0x1})';
    for (const [device, text, port] of [
      ['vxlan_sys_4790', INNER, 4790],
      ['genev_sys_6081', `tun_id=0x1,src=1.1.1.1,${option},flags(+key)`, 6081],
    ] as const) {
      const { options, actions } = filterOf(ruleOf(IPV4, TO_VM2, inNic(device, text)));
      assert.equal(options.get(FLOWER.tunnelUdpDestinationPort), port);
      assert.equal(options.get(FLOWER.tunnelUdpDestinationPortMask), 0xffff);
      assert.deepEqual(
        actions.map(({ kind }) => kind),
        ['tunnel_key', 'mirred'],
      );
    }
  });

  it('match a port that the flow has', () => {
    const { options } = filterOf(
      ruleOf(IPV4, TO_VM2, inNic('vxlan_sys_4790', 'tun_id=0x1,tp_dst=5,flags(+key)')),
    );
    assert.equal(options.get(FLOWER.tunnelUdpDestinationPort), 5);
  });

  it('give the outer headers to packets', () => {
    assert(outcome(IPV4, into(OUTER)).ok);
  });

  for (const [device, text, detail] of [
    [
      'genev_sys_6081',
      'tun_id=0x1,src=1.1.1.1,flags(+key)',
      'a NIC cannot tell packets without options of Geneve from those with some',
    ],
    ['gre_sys', INNER, 'the port of the tunnels of gre_sys is not known'],
    ['vm1', INNER, 'the port of the tunnels of vm1 is not known'],
  ] as const) {
    it(`are refused on ${device}: ${detail}`, () => {
      const made = outcome(IPV4, TO_VM2, inNic(device, text));
      assert.equal(refusalOf(made), `unsupported-match: ${detail}`);
    });
  }
});
