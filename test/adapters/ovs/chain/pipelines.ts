import type { Seeded } from '../../../support/seeded.ts';

/** What a pipeline does to connections from vm1 (the client) to vm2 (the server). */
export interface Shape {
  readonly ipVersion: 4 | 6;
  /** Zones that packets of the client pass, in this order; those of the server the other way. */
  readonly zones: readonly [number, number];
  /** In the first zone: the client's address, or that of the service, is translated, or to itself. */
  readonly nat: 'none' | 'source' | 'destination' | 'kept';
  /** Set on connections by the first packet, and matched from then on. */
  readonly mark: number | undefined;
  readonly label: boolean;
  /** Every packet commits its connection again, with the same mark. */
  readonly commitsAgain: boolean;
  /** The packets leave with other MAC addresses and a lower TTL. */
  readonly isRouted: boolean;
  readonly dscp: number | undefined;
  /** VLAN towards the server. */
  readonly vlan: number | undefined;
  /** What is known from the first zone is cleared before the second. */
  readonly clears: boolean;
  /** Packets of the client pass a zone, last, to which nothing is committed. */
  readonly passesUnused: boolean;
  /** Established packets from odd ports of the client are dropped. */
  readonly drops: boolean;
}

export const PLAIN: Shape = {
  ipVersion: 4,
  zones: [6, 8],
  nat: 'none',
  mark: undefined,
  label: false,
  commitsAgain: false,
  isRouted: false,
  dscp: undefined,
  vlan: undefined,
  clears: false,
  passesUnused: false,
  drops: false,
};

export function randomShape(r: Seeded): Shape {
  const first = r.between(1, 5);
  const hasMark = r.chance(0.5);
  const clears = r.chance(0.3);
  return {
    ipVersion: r.chance(0.7) ? 4 : 6,
    // What was translated and then cleared is another connection to the same zone.
    zones: [first, !clears && r.chance(0.3) ? first : r.between(6, 9)],
    nat: r.pick(['none', 'source', 'destination', 'kept']),
    mark: hasMark ? r.between(1, 255) : undefined,
    label: r.chance(0.3),
    commitsAgain: hasMark && r.chance(0.5),
    isRouted: r.chance(0.5),
    dscp: r.chance(0.3) ? r.between(1, 63) : undefined,
    vlan: r.chance(0.3) ? r.between(1, 4094) : undefined,
    clears,
    passesUnused: r.chance(0.3),
    drops: r.chance(0.3),
  };
}

/** Addresses of the pipelines; none of them is one of a VM, so that only the test answers. */
export const ADDRESSES = {
  4: {
    client: '192.168.1.10',
    server: '192.168.2.20',
    service: '192.168.9.9',
    translated: '192.168.7.7',
  },
  6: { client: 'fd01::10', server: 'fd02::20', service: 'fd09::9', translated: 'fd07::7' },
} as const;
const UNUSED_ZONE = 20;
export const SERVICE_PORT = 80;
export const SERVER_PORT = 8080;

export const MAC = {
  client: '02:00:00:00:00:01',
  server: '02:00:00:00:00:02',
  gateway: '02:00:00:00:00:fe',
} as const;

/** Ethertype of frames that every pipeline passes from each VM to the other. */
export const LAST_TYPE = 0x88b5;

/** OpenFlow rules of the pipeline. */
export function rulesOf(shape: Shape): readonly string[] {
  const { zones, nat, mark, label, commitsAgain, dscp, vlan, clears, drops } = shape;
  const [first, second] = zones;
  const isIpv6 = shape.ipVersion === 6;
  const ip = isIpv6 ? 'ipv6' : 'ip';
  const natted = nat === 'none' ? '' : ',nat';
  const sets = [
    ...(mark === undefined ? [] : [`set_field:${mark}->ct_mark`]),
    ...(label ? ['set_field:0x1234567890abcdef0011->ct_label'] : []),
  ];
  const exec = sets.length === 0 ? '' : `,exec(${sets.join(',')})`;
  const marked = mark === undefined ? '' : `,ct_mark=${mark}`;
  const again = commitsAgain ? `ct(commit,zone=${first}${exec}),` : '';
  const route = (to: string): string =>
    shape.isRouted ? `set_field:${MAC.gateway}->eth_src,set_field:${to}->eth_dst,dec_ttl,` : '';
  const tos = dscp === undefined ? '' : `set_field:${dscp}->ip_dscp,`;
  const tag = vlan === undefined ? '' : `push_vlan:0x8100,set_field:${0x1000 | vlan}->vlan_vid,`;
  const untag = vlan === undefined ? '' : 'pop_vlan,';
  const tagged = vlan === undefined ? '' : `,dl_vlan=${vlan}`;
  const last = shape.passesUnused ? `ct(zone=${UNUSED_ZONE},nat,table=4)` : `${tag}output:2`;
  const odd = ['tcp', 'udp'].map(
    (l4) =>
      `table=3,priority=20,ct_state=+est+trk,${l4}${isIpv6 ? '6' : ''},${l4}_src=0x1/0x1,actions=drop`,
  );
  return [
    `table=0,in_port=1,dl_type=${LAST_TYPE},actions=output:2`,
    `table=0,in_port=2,dl_type=${LAST_TYPE},actions=output:1`,
    `table=0,in_port=1,${ip},actions=ct(zone=${first}${natted},table=1)`,
    `table=1,ct_state=+new+trk,${ip},actions=ct(commit,zone=${first}${newNat(shape)}${exec},table=2)`,
    `table=1,ct_state=+est+trk${marked},${ip},actions=${again}resubmit(,2)`,
    `table=2,${ip},actions=${route(MAC.server)}${tos}${clears ? 'ct_clear,' : ''}ct(zone=${second},table=3)`,
    ...(drops ? odd : []),
    `table=3,priority=10,ct_state=+new+trk,${ip},actions=ct(commit,zone=${second}),${tag}output:2`,
    `table=3,priority=10,ct_state=+est+trk,${ip},actions=${last}`,
    `table=4,ct_state=+new-est+trk,${ip},actions=${tag}output:2`,
    `table=0,in_port=2${tagged},${ip},actions=${untag}ct(zone=${second},table=11)`,
    `table=11,ct_state=+est+rpl+trk,${ip},actions=${clears ? 'ct_clear,' : ''}ct(zone=${first}${natted},table=12)`,
    `table=12,ct_state=+est+rpl+trk${marked},${ip},actions=${route(MAC.client)}output:1`,
  ];
}

function newNat({ nat, ipVersion }: Shape): string {
  const { server, translated } = ADDRESSES[ipVersion];
  switch (nat) {
    case 'none':
      return '';
    case 'kept':
      return ',nat(src)';
    case 'source':
      return `,nat(src=${translated})`;
    case 'destination':
      break;
  }
  return ipVersion === 4
    ? `,nat(dst=${server}:${SERVER_PORT})`
    : `,nat(dst=[${server}]:${SERVER_PORT})`;
}
