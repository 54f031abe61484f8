import type { Seeded } from '../../../../support/seeded.ts';
import { named } from './generated-keys.ts';
import {
  ipv4,
  ipv6,
  mac,
  maskedIpv4,
  maskedIpv6,
  maskedMac,
  maskedNumber,
  maskedWide,
} from './generated-values.ts';

/*
 * Actions of datapath flows as `dpctl/add-flow` of Open vSwitch 3.1 takes them (lib/odp-util.c,
 * parse_odp_action). It has no text for reading push_eth, pop_eth, push_mpls, pop_mpls and hash.
 */

/** A list of actions; `ports` are numbers of the datapath's ports. */
export function generatedActions(random: Seeded, ports: readonly number[]): string {
  if (random.chance(0.1)) return 'drop';
  const length = random.pick([1, 1, 2, 2, 3, 4, 6]);
  return Array.from({ length }, () => action(random, ports, 2)).join(',');
}

function action(random: Seeded, ports: readonly number[], depth: number): string {
  if (random.chance(0.35)) return output(random, ports);
  if (random.chance(0.4)) return named('set', [written(random)]);
  const simple = [
    pushVlan,
    pushVlan,
    () => 'pop_vlan',
    () => `trunc(${random.between(14, 9000)})`,
    () => `recirc(${random.between(1, 0xffff_ffff)})`,
    () => 'ct_clear',
    ct,
    ct,
    userspace,
    () => `lb_output(${random.between(1, 99)})`,
    () =>
      `add_mpls(label=${random.below(2 ** 20)},tc=${random.below(8)},ttl=${random.below(256)},bos=1,eth_type=0x8847)`,
    () =>
      `push_nsh(flags=0,ttl=63,mdtype=1,np=3,spi=0x${random.below(0xffff).toString(16)},si=255,c1=0x1,c2=0x0,c3=0x0,c4=0x${random.below(0xffff).toString(16)})`,
    () => tunnelPush(random, ports),
  ];
  if (random.chance(0.06))
    return random.pick([`meter(${random.below(9)})`, `tnl_pop(${random.pick(ports)})`]);
  if (depth === 0 || random.chance(0.75)) return random.pick(simple)(random);
  const inner = (): readonly string[] =>
    Array.from({ length: random.between(1, 3) }, () => action(random, ports, depth - 1));
  return random.pick([
    () => named('clone', inner()),
    () => `sample(sample=${random.between(1, 999) / 10}%,actions(${inner().join(',')}))`,
    () =>
      `check_pkt_len(size=${random.between(64, 9000)},gt(${inner().join(',')}),le(${output(random, ports)}))`,
  ])();
}

function output(random: Seeded, ports: readonly number[]): string {
  return String(random.chance(0.1) ? random.between(2000, 9000) : random.pick(ports));
}

function pushVlan(random: Seeded): string {
  const parts = [`vid=${random.below(4096)}`, `pcp=${random.below(8)}`];
  const tpid = random.pick(['tpid=0x88a8', 'tpid=0x9100']);
  const all = random.chance(0.4) ? [tpid, ...parts] : parts;
  return named('push_vlan', random.chance(0.1) ? [...all, 'cfi=0'] : all);
}

/** What a set action writes. */
function written(random: Seeded): string {
  const ports = [`src=${maskedNumber(random, 16)}`, `dst=${maskedNumber(random, 16)}`];
  const attributes: readonly (() => readonly [string, readonly string[]])[] = [
    () => ['eth', [`src=${maskedMac(random)}`, `dst=${maskedMac(random)}`]],
    () => [
      'ipv4',
      [
        `src=${maskedIpv4(random)}`,
        `dst=${maskedIpv4(random)}`,
        `tos=${maskedNumber(random, 8)}`,
        `ttl=${maskedNumber(random, 8)}`,
      ],
    ],
    () => [
      'ipv6',
      [
        `src=${maskedIpv6(random)}`,
        `dst=${maskedIpv6(random)}`,
        `label=${maskedNumber(random, 20)}`,
        `tclass=${maskedNumber(random, 8)}`,
        `hlimit=${maskedNumber(random, 8)}`,
      ],
    ],
    () => ['tcp', ports],
    () => ['udp', ports],
    () => ['sctp', ports],
    () => ['icmp', [`type=${maskedNumber(random, 8)}`, `code=${maskedNumber(random, 8)}`]],
    () => ['icmpv6', [`type=${maskedNumber(random, 8)}`, `code=${maskedNumber(random, 8)}`]],
    () => [
      'arp',
      [
        `sip=${maskedIpv4(random)}`,
        `tip=${ipv4(random)}`,
        `op=${random.pick([1, 2])}`,
        `sha=${mac(random)}`,
      ],
    ],
    () => ['nd', [`target=${ipv6(random)}`, `sll=${maskedMac(random)}`]],
    () => [
      'mpls',
      [`label=${maskedNumber(random, 20)}`, `tc=${random.below(8)}`, 'ttl=64', 'bos=1'],
    ],
    () => ['skb_priority', [`0x${random.below(2 ** 31).toString(16)}`]],
    () => ['skb_mark', [maskedNumber(random, 32)]],
    () => ['ct_mark', [maskedNumber(random, 32)]],
    () => ['ct_label', [maskedWide(random, 128)]],
    () => ['tunnel', tunnelWritten(random)],
  ];
  const [name, parts] = random.pick(attributes)();
  const some = random.some(parts, 0.6);
  return named(name, name === 'tunnel' || some.length === 0 ? parts : some);
}

function tunnelWritten(random: Seeded): readonly string[] {
  const ends = random.chance(0.3)
    ? [`ipv6_src=${ipv6(random)}`, `ipv6_dst=${ipv6(random)}`]
    : [`src=${ipv4(random)}`, `dst=${ipv4(random)}`];
  const kind = random.pick([
    'geneve({class=0x102,type=0x1,len=4,0xabcd})',
    'vxlan(gbp(id=7,flags=0x8))',
    'erspan(ver=1,idx=0x7)',
    '',
  ]);
  const id = `tun_id=0x${random.below(2 ** 24).toString(16)}`;
  return [
    id,
    ...ends,
    'ttl=64',
    'tp_dst=4789',
    ...(kind === '' ? [] : [kind]),
    'flags(df|csum|key)',
  ];
}

function ct(random: Seeded): string {
  if (random.chance(0.1)) return 'ct';
  const nat = random.pick([
    'nat',
    'nat(src)',
    `nat(src=${ipv4(random)})`,
    'nat(src=10.0.0.1-10.0.0.9:1000-2000,random)',
    'nat(dst=10.1.0.1:80,hash)',
    'nat(dst=[fd00::1]-[fd00::9]:10-20,persistent)',
  ]);
  const parts = [
    `zone=${random.below(65_536)}`,
    `mark=${maskedMark(random)}`,
    `label=${maskedWide(random, 128)}`,
    random.pick(['helper=ftp', 'helper=tftp']),
    'timeout=short',
    nat,
  ];
  return named('ct', [random.pick(['commit', 'force_commit']), ...random.some(parts, 0.4)]);
}

/** `ct` takes no mark without a mask. */
function maskedMark(random: Seeded): string {
  return `0x${random.below(2 ** 31).toString(16)}/0xffff${random.below(0xffff).toString(16)}`;
}

function userspace(random: Seeded): string {
  const pid = `pid=${random.below(2 ** 31)}`;
  const n = (): number => random.below(1000);
  const kinds = [
    `sFlow(vid=${random.below(4096)},pcp=${random.below(8)},output=${n()})`,
    'slow_path(cfm)',
    `flow_sample(probability=${n()},collector_set_id=${n()},obs_domain_id=${n()},obs_point_id=${n()},output_port=1,egress)`,
    `ipfix(output_port=${n()})`,
    `controller(reason=1,dont_send=0,continuation=0,recirc_id=${n()},rule_cookie=0,controller_id=0,max_len=65535)`,
    'userdata(0102030405060708)',
    'slow_path(lldp),actions',
    'ipfix(output_port=1),tunnel_out_port=2',
  ];
  return named('userspace', [pid, random.pick(kinds)]);
}

function tunnelPush(random: Seeded, ports: readonly number[]): string {
  const eth = (type: string): string =>
    `eth(dst=${mac(random)},src=${mac(random)},dl_type=${type})`;
  const outer = (proto: number): string =>
    `${eth('0x0800')},ipv4(src=${ipv4(random)},dst=${ipv4(random)},proto=${proto},tos=0,ttl=64,frag=0x4000)`;
  const headers = [
    `size=50,type=4,${outer(17)},udp(src=0,dst=4789,csum=0x0),vxlan(flags=0x8000000,vni=0x${random.below(2 ** 24).toString(16)})`,
    `size=58,type=5,${outer(17)},udp(src=0,dst=6081,csum=0x0),geneve(crit,vni=0x1c7,options({class=0xffff,type=0x80,len=4,0xa}))`,
    `size=42,type=3,${outer(47)},gre((flags=0x2000,proto=0x6558),key=0x1e241)`,
  ];
  return `tnl_push(tnl_port(${random.pick(ports)}),header(${random.pick(headers)}),out_port(${random.pick(ports)}))`;
}
