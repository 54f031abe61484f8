import assert from 'node:assert/strict';
import {
  type ComposedConnection,
  composeConnection,
  type RefusedConnection,
} from '../../../../engine/connections/chain/compose.ts';
import { actionsText } from '../../../../engine/model/action-text.ts';
import type { ArrivedTunnel, PacketHeaders } from '../../../../engine/model/connection.ts';
import type { TunnelHeader } from '../../../../engine/model/tunnel.ts';
import { describeMatch } from '../../../../views/describe-flow.ts';
import { finder, headerValues, indexOf, megaflows } from './support/megaflows.ts';

// Megaflows that Open vSwitch 3.1 (userspace datapath) made for two hosts with a tunnel between them, without
// conditions that have an empty mask.

const PUSH_GENEVE =
  'tnl_push(tnl_port(genev_sys_6081),header(size=58,type=5,eth(dst=c2:4c:3b:6c:26:46,src=56:1e:3a:7e:5f:4a,dl_type=0x0800),ipv4(src=172.16.0.1,dst=172.16.0.2,proto=17,tos=0,ttl=64,frag=0x4000),udp(src=0,dst=6081,csum=0x0),geneve(crit,vni=0x64,options({class=0x102,type=0x80,len=4,0x10002}))),out_port(br-phy))';
const SEND_GENEVE = `recirc_id(0),in_port(vm1),eth_type(0x0800),ipv4(tos=0/0x3,frag=no), actions:${PUSH_GENEVE},uplink`;
const SEND_VXLAN_IPV6 =
  'recirc_id(0),in_port(vm1),eth_type(0x0800),ipv4(tos=0xc0,ttl=64,frag=no), actions:tnl_push(tnl_port(vxlan_sys_4789),header(size=70,type=4,eth(dst=c2:4c:3b:6c:26:46,src=56:1e:3a:7e:5f:4a,dl_type=0x86dd),ipv6(src=fd00::1,dst=fd00::2,label=0,proto=17,tclass=0xc0,hlimit=64),udp(src=0,dst=4789,csum=0xffff),vxlan(flags=0x8000000,vni=0x64)),out_port(br-phy)),uplink';
const ARRIVE_GENEVE =
  'recirc_id(0),in_port(uplink),eth(src=56:1e:3a:7e:5f:4a,dst=c2:4c:3b:6c:26:46),eth_type(0x0800),ipv4(dst=172.16.0.2,proto=17,frag=no),udp(dst=6081), actions:tnl_pop(genev_sys_6081)';
const INSIDE_GENEVE =
  'tunnel(tun_id=0x64,src=172.16.0.1,dst=172.16.0.2,ttl=64/0,tp_src=57521/0,tp_dst=6081/0,geneve({class=0x102,type=0x80,len=4,0x10002/0x7fffffff}),flags(-df-csum+key)),recirc_id(0),in_port(genev_sys_6081),eth_type(0x0800),ipv4(ttl=64,frag=no), actions:set(ipv4(ttl=63)),vm2';

const OPTIONS = Uint8Array.of(0x01, 0x02, 0x80, 0x01, 0x00, 0x01, 0x00, 0x02);

const INNER = headerValues({
  eth_src: Uint8Array.of(2, 9, 0, 0, 0, 1),
  eth_dst: Uint8Array.of(2, 9, 0, 0, 0, 2),
  eth_type: 0x0800,
  ipv4_src: Uint8Array.of(10, 9, 0, 1),
  ipv4_dst: Uint8Array.of(10, 9, 0, 2),
  ip_proto: 17,
  ip_tos: 0,
  ip_ttl: 64,
  ip_frag: 0,
  udp_src: 41277,
  udp_dst: 5555,
});

const OUTER: ArrivedTunnel = {
  kind: 'geneve',
  values: headerValues({
    eth_src: Uint8Array.of(0x56, 0x1e, 0x3a, 0x7e, 0x5f, 0x4a),
    eth_dst: Uint8Array.of(0xc2, 0x4c, 0x3b, 0x6c, 0x26, 0x46),
    ipv4_src: Uint8Array.of(172, 16, 0, 1),
    ipv4_dst: Uint8Array.of(172, 16, 0, 2),
    ip_tos: 0,
    ip_ttl: 64,
    udp_dst: 6081,
  }),
  vni: 0x64,
  options: OPTIONS,
};

function compose(
  headers: Omit<PacketHeaders, 'values'> & { readonly values?: PacketHeaders['values'] },
  ...texts: readonly string[]
): ComposedConnection | RefusedConnection {
  return composeConnection({ values: INNER, ...headers }, indexOf(megaflows(...texts)), finder());
}

/** Match and actions, or code and detail. */
function words(
  result: ComposedConnection | RefusedConnection,
): readonly [match: string, actions: string] {
  return result.kind === 'refused'
    ? [result.code, result.detail]
    : [describeMatch(result.match), actionsText(result.actions)];
}

function pushed(result: ComposedConnection | RefusedConnection): TunnelHeader {
  assert.equal(result.kind, 'composed', words(result).join(': '));
  const found = result.actions.find(({ kind }) => kind === 'push-tunnel');
  assert(found?.kind === 'push-tunnel');
  return found.header;
}

const GENEVE_HEADER: TunnelHeader = {
  kind: 'geneve',
  ethernet: {
    src: Uint8Array.of(0x56, 0x1e, 0x3a, 0x7e, 0x5f, 0x4a),
    dst: Uint8Array.of(0xc2, 0x4c, 0x3b, 0x6c, 0x26, 0x46),
  },
  src: Uint8Array.of(172, 16, 0, 1),
  dst: Uint8Array.of(172, 16, 0, 2),
  tos: 0,
  ttl: 64,
  doNotFragment: true,
  // The port that Open vSwitch gave to this connection.
  srcPort: 57521,
  dstPort: 6081,
  hasChecksum: false,
  vni: 0x64,
  options: OPTIONS,
};

describe('chains into a tunnel', () => {
  it('end with the outer headers and the uplink', () => {
    const result = compose({ inPort: 'vm1' }, SEND_GENEVE);
    assert.deepEqual(pushed(result), GENEVE_HEADER);
    // The bits of ECN are copied to the outer header.
    assert.deepEqual(words(result), [
      'in_port=vm1,udp,ipv4_src=10.9.0.1,ipv4_dst=10.9.0.2,ip_tos=0/0x3,udp_src=41277,udp_dst=5555',
      'push geneve vni 0x64, uplink',
    ]);
  });

  it('are composed where the packet is sent as a copy', () => {
    const text = SEND_GENEVE.replace(`${PUSH_GENEVE},uplink`, `clone(${PUSH_GENEVE},uplink)`);
    assert.deepEqual(pushed(compose({ inPort: 'vm1' }, text)), GENEVE_HEADER);
    const twice = words(compose({ inPort: 'vm1' }, `${text},vm3`));
    assert.deepEqual(twice[0], 'multiple-outputs');
  });

  it('are composed with IPv6 outside, and a TOS that is copied', () => {
    const values = { ...INNER, ip_tos: Uint8Array.of(0xc0) };
    const result = compose({ inPort: 'vm1', values }, SEND_VXLAN_IPV6);
    assert.deepEqual(pushed(result), {
      ...GENEVE_HEADER,
      kind: 'vxlan',
      src: Uint8Array.of(0xfd, ...new Uint8Array(14), 1),
      dst: Uint8Array.of(0xfd, ...new Uint8Array(14), 2),
      tos: 0xc0,
      doNotFragment: false,
      dstPort: 4789,
      hasChecksum: true,
      options: new Uint8Array(0),
    });
    assert.match(words(result)[0], /,ip_tos=192,ip_ttl=64,/);
  });

  it('are composed with the key that a tunnel device of the kernel is given', () => {
    const key =
      'set(tunnel(tun_id=0x64,dst=172.16.0.2,ttl=64,tp_dst=6081,geneve({class=0x102,type=0x80,len=4,0x10002}),flags(df|key)))';
    const send = `recirc_id(0),in_port(vm1),eth_type(0x0800),ipv4(frag=no), actions:${key},`;
    assert.deepEqual(pushed(compose({ inPort: 'vm1' }, `${send}genev_sys_6081`)), {
      ...GENEVE_HEADER,
      ethernet: undefined,
      src: new Uint8Array(4),
      srcPort: undefined,
    });
    const refused = words(compose({ inPort: 'vm1' }, `${send}gre_sys`));
    assert.equal(refused[0], 'tunnel');
    assert.match(refused[1], /the outer headers of what goes to gre_sys are not known/);
  });

  it('have a tag of the underlay, and nothing else behind the outer headers', () => {
    const tagged = SEND_GENEVE.replace(',uplink', ',push_vlan(vid=5,pcp=3),uplink');
    const result = compose({ inPort: 'vm1' }, tagged);
    assert.equal(words(result)[1], 'push geneve vni 0x64, push VLAN 5, uplink');
    assert.deepEqual(pushed(result), GENEVE_HEADER);
    for (const action of ['push_vlan(vid=6,pcp=0)', 'pop_vlan', 'set(ipv4(ttl=3))', 'ct(zone=1)']) {
      const more = tagged.replace(',uplink', `,${action},uplink`);
      const [code, detail] = words(compose({ inPort: 'vm1' }, more));
      assert.equal(code, 'tunnel', action);
      assert.match(detail, / is done to packets that are in a tunnel already$/);
    }
  });
});

describe('chains out of a tunnel', () => {
  const arriving = { inPort: 'uplink', tunnel: OUTER };

  it('match outer and inner headers, and do what is done to the packet inside', () => {
    const result = compose(arriving, ARRIVE_GENEVE, INSIDE_GENEVE);
    assert.deepEqual(words(result), [
      'in_port=uplink,udp,ipv4_src=10.9.0.1,ipv4_dst=10.9.0.2,ip_ttl=64,udp_src=41277,udp_dst=5555,tunnel(geneve vni 0x64,eth_src=56:1e:3a:7e:5f:4a,eth_dst=c2:4c:3b:6c:26:46,eth_type=0x800,ipv4_src=172.16.0.1,ipv4_dst=172.16.0.2,ip_proto=17,ip_tos=0,ip_frag=0,udp_dst=6081,options=0102800100010002)',
      'set ip_ttl 3f, vm2',
    ]);
    assert.equal(result.chain.length, 2);
  });

  it('match what is known of DF and the checksum', () => {
    const tunnel = { ...OUTER, doNotFragment: true, hasChecksum: false };
    const result = compose({ ...arriving, tunnel }, ARRIVE_GENEVE, INSIDE_GENEVE);
    assert(result.kind === 'composed');
    const { doNotFragment, hasChecksum } = result.match.tunnel ?? {};
    assert.deepEqual([doNotFragment, hasChecksum], [true, false]);
  });

  it('begin behind the tunnel device with the datapath of the kernel', () => {
    const { eth_src: _, eth_dst: __, ...values } = OUTER.values;
    const tunnel = { ...OUTER, values };
    const result = compose({ inPort: 'genev_sys_6081', tunnel }, INSIDE_GENEVE);
    assert.deepEqual(words(result), [
      'in_port=genev_sys_6081,udp,ipv4_src=10.9.0.1,ipv4_dst=10.9.0.2,ip_ttl=64,udp_src=41277,udp_dst=5555,tunnel(geneve vni 0x64,ipv4_src=172.16.0.1,ipv4_dst=172.16.0.2,ip_tos=0,udp_dst=6081,options=0102800100010002)',
      'set ip_ttl 3f, vm2',
    ]);
  });

  const others: readonly (readonly [string, Partial<ArrivedTunnel>])[] = [
    ['another VNI', { vni: 0x65 }],
    ['another VNI by a high bit', { vni: 0x80_0064 }],
    ['other options', { options: Uint8Array.of(0x01, 0x02, 0x80, 0x01, 0x00, 0x01, 0x00, 0x03) }],
    ['no options', { options: new Uint8Array(0) }],
    ['more options', { options: Uint8Array.of(...OPTIONS, 0x01, 0x02, 0x00, 0x00) }],
    ['another sender', { values: { ...OUTER.values, ipv4_src: Uint8Array.of(172, 16, 0, 9) } }],
    ['another TOS, which no text shows', { values: { ...OUTER.values, ip_tos: Uint8Array.of(4) } }],
  ];
  for (const [what, given] of others) {
    it(`are not followed for ${what}`, () => {
      const tunnel = { ...OUTER, ...given };
      const [code] = words(compose({ ...arriving, tunnel }, ARRIVE_GENEVE, INSIDE_GENEVE));
      assert.equal(code, 'chain-broken');
    });
  }

  it('are followed for another value of a bit that the megaflow does not look at', () => {
    const options = Uint8Array.of(0x01, 0x02, 0x80, 0x01, 0x80, 0x01, 0x00, 0x02);
    const tunnel = { ...OUTER, options };
    const result = compose({ ...arriving, tunnel }, ARRIVE_GENEVE, INSIDE_GENEVE);
    assert(result.kind === 'composed');
    assert.deepEqual(result.match.tunnel?.options, options);
  });

  it('are refused without the outer headers, in two tunnels, and with flags of their own', () => {
    const plain = words(
      compose(
        {
          inPort: 'uplink',
          values: {
            ...INNER,
            ...OUTER.values,
            eth_type: Uint8Array.of(8, 0),
            ip_frag: Uint8Array.of(0),
          },
        },
        ARRIVE_GENEVE,
      ),
    );
    assert.match(
      plain.join(': '),
      /^tunnel: .*tnl_pop\(genev_sys_6081\): the outer headers are not known$/,
    );
    const again = INSIDE_GENEVE.replace('set(ipv4(ttl=63)),vm2', 'tnl_pop(vxlan_sys_4789)');
    assert.match(
      words(compose(arriving, ARRIVE_GENEVE, again)).join(': '),
      /^tunnel: .*follows other megaflows/,
    );
    const oam = INSIDE_GENEVE.replace('flags(-df', 'flags(+oam-df');
    assert.match(
      words(compose(arriving, ARRIVE_GENEVE, oam)).join(': '),
      /^tunnel: .* matches tunnel\(/,
    );
    const through = ARRIVE_GENEVE.replace('tnl_pop(genev_sys_6081)', 'br-phy');
    assert.match(
      words(compose(arriving, through)).join(': '),
      /^tunnel: the packets stay in the tunnel/,
    );
  });

  it('go on into another tunnel', () => {
    const gateway = INSIDE_GENEVE.replace('set(ipv4(ttl=63)),vm2', `${PUSH_GENEVE},uplink`);
    const result = compose(arriving, ARRIVE_GENEVE, gateway);
    assert.equal(pushed(result).vni, 0x64);
    assert(result.kind === 'composed' && result.match.tunnel !== undefined);
  });
});
