import assert from 'node:assert/strict';
import { ENTRY, ENTRY_FLAG } from '../../../../adapters/nic/core/entry-value.ts';
import {
  KEY_BYTES,
  KEY_FIELDS,
  KEY_OUTER,
  OUTER_FLAG,
  TABLE_KEY,
} from '../../../../adapters/nic/core/key-layout.ts';
import {
  CONTROL,
  FLOW_MASK,
  LAYOUT_VERSION,
  MASK_SET,
  MAX_MASKS,
  PORT_INFO,
  PORT_REF,
  STATS_BYTES,
  STATS_WORD,
  MAX_TUNNEL_HEADER,
  MAX_TUNNEL_OPTIONS,
  TUNNEL_HEADER,
  TUNNEL_KEY,
  TUNNEL_SHAPE,
} from '../../../../adapters/nic/core/records.ts';
import { needs } from '../../../support/needs.ts';
import { compile as compileWith, offsets } from '../support/c-layout.ts';

/** Members of struct flow_key that hold a field under another name, and where in them. */
const MEMBER: Readonly<Record<string, string>> = {
  vlan_vid: 'vlan_tci',
  vlan_pcp: 'vlan_tci',
  tcp_src: 'l4_src',
  tcp_dst: 'l4_dst',
  udp_src: 'l4_src',
  udp_dst: 'l4_dst',
  sctp_src: 'l4_src',
  sctp_dst: 'l4_dst',
  icmp_type: 'l4_src) + 1',
  icmp_code: 'l4_dst) + 1',
  icmpv6_type: 'l4_src) + 1',
  icmpv6_code: 'l4_dst) + 1',
  arp_op: 'l4_src',
  arp_spa: 'src',
  arp_sha: 'src) + 4',
  arp_tpa: 'dst',
  arp_tha: 'dst) + 4',
  ipv4_src: 'src',
  ipv4_dst: 'dst',
  ipv6_src: 'src',
  ipv6_dst: 'dst',
};

function keyFields(): string[] {
  return Object.entries(KEY_FIELDS).map(([name, field]) => {
    const member = MEMBER[name] ?? name;
    const closed = member.includes(')') ? member : `${member})`;
    return `offsetof(struct flow_key, ${closed} == ${field.at}`;
  });
}

const compile = (assertions: readonly string[]) =>
  compileWith('adapters/nic/core/bpf/layout.h', assertions);

describe('layout of the flow table', () => {
  before(function () {
    needs(this, 'xdp');
  });

  it('is the same in C and in TypeScript', function () {
    this.timeout(20_000);
    const sizes: readonly (readonly [string, number])[] = [
      ['flow_key', KEY_BYTES],
      ['table_key', TABLE_KEY.bytes],
      ['flow_entry', ENTRY.bytes],
      ['flow_mask', FLOW_MASK.bytes],
      ['mask_set', MASK_SET.bytes],
      ['port_ref', PORT_REF.bytes],
      ['port_info', PORT_INFO.bytes],
      ['flow_stats', STATS_BYTES],
      ['tunnel_header', TUNNEL_HEADER.bytes],
      ['tunnel_key', TUNNEL_KEY.bytes],
    ];
    const result = compile([
      ...sizes.map(([struct, bytes]) => `sizeof(struct ${struct}) == ${bytes}`),
      ...offsets('table_key', TABLE_KEY),
      ...offsets('flow_entry', ENTRY),
      ...offsets('tunnel_key', TUNNEL_KEY),
      ...offsets('flow_mask', FLOW_MASK),
      ...offsets('mask_set', MASK_SET),
      ...offsets('port_info', PORT_INFO),
      ...keyFields(),
      `offsetof(struct flow_stats, packets) == ${4 * STATS_WORD.packets}`,
      `offsetof(struct flow_stats, bytes) == ${4 * STATS_WORD.bytes}`,
      `offsetof(struct flow_stats, last_ns) == ${4 * STATS_WORD.lastNs}`,
      `offsetof(struct flow_stats, gap_ns) == ${4 * STATS_WORD.gapNs}`,
      `offsetof(struct port_ref, flags) == ${PORT_REF.flags}`,
      `offsetof(struct port_ref, heartbeat_ns) == ${PORT_REF.heartbeatNs}`,
      `offsetof(struct port_ref, heartbeat_limit_ns) == ${PORT_REF.heartbeatLimitNs}`,
      `PORT_CHECKSUMS_OPEN == ${PORT_REF.checksumsOpen}`,
      `PORT_TAGS_IN_FRAME == ${PORT_REF.tagsInFrame}`,
      `offsetof(struct tunnel_header, length) == ${TUNNEL_HEADER.length}`,
      `offsetof(struct tunnel_header, l3) == ${TUNNEL_HEADER.l3}`,
      `offsetof(struct tunnel_header, l4) == ${TUNNEL_HEADER.l4}`,
      `offsetof(struct tunnel_header, flags) == ${TUNNEL_HEADER.flags}`,
      `offsetof(struct tunnel_header, ip_sum) == ${TUNNEL_HEADER.ipSum}`,
      `offsetof(struct tunnel_header, udp_sum) == ${TUNNEL_HEADER.udpSum}`,
      `offsetof(struct tunnel_header, bytes) == ${TUNNEL_HEADER.headers}`,
      `HEADER_IPV4 == ${TUNNEL_HEADER.ipv4}`,
      `HEADER_CHECKSUM == ${TUNNEL_HEADER.checksum}`,
      `HEADER_DO_NOT_FRAGMENT == ${TUNNEL_HEADER.doNotFragment}`,
      `MAX_TUNNEL_OPTIONS == ${MAX_TUNNEL_OPTIONS}`,
      `MAX_TUNNEL_HEADER == ${MAX_TUNNEL_HEADER}`,
      `offsetof(struct flow_key, outer_tos) == ${KEY_OUTER}`,
      `offsetof(struct flow_key, outer_ttl) == ${KEY_OUTER + 1}`,
      `offsetof(struct flow_key, outer_flags) == ${KEY_OUTER + 2}`,
      `OUTER_DO_NOT_FRAGMENT == ${OUTER_FLAG.doNotFragment}`,
      `OUTER_CHECKSUM == ${OUTER_FLAG.checksum}`,
      `TUNNEL_ETH_DST == ${TUNNEL_SHAPE.ethDst}`,
      `TUNNEL_ETH_SRC == ${TUNNEL_SHAPE.ethSrc}`,
      `TUNNEL_IP_SRC == ${TUNNEL_SHAPE.ipSrc}`,
      `TUNNEL_IP_DST == ${TUNNEL_SHAPE.ipDst}`,
      `MAX_MASKS == ${MAX_MASKS}`,
      `LAYOUT_VERSION == ${LAYOUT_VERSION}`,
      `ENTRY_DROP == ${ENTRY_FLAG.drop}`,
      `ENTRY_POP_VLAN == ${ENTRY_FLAG.popVlan}`,
      `ENTRY_PUSH_VLAN == ${ENTRY_FLAG.pushVlan}`,
      `ENTRY_SET_ETH == ${ENTRY_FLAG.setEth}`,
      `ENTRY_SET_IP == ${ENTRY_FLAG.setIp}`,
      `ENTRY_SET_SRC == ${ENTRY_FLAG.setSrc}`,
      `ENTRY_SET_DST == ${ENTRY_FLAG.setDst}`,
      `ENTRY_SET_PORTS == ${ENTRY_FLAG.setPorts}`,
      `ENTRY_PUSH_TUNNEL == ${ENTRY_FLAG.pushTunnel}`,
      `CONTROL_LEASE_UNTIL_NS == ${CONTROL.leaseUntilNs}`,
      `CONTROL_MIN_STALL_NS == ${CONTROL.minStallNs}`,
      `CONTROL_LAYOUT_VERSION == ${CONTROL.layoutVersion}`,
      `CONTROL_NEXT_PORT_ID == ${CONTROL.nextPortId}`,
      `CONTROL_NEXT_MASK_ID == ${CONTROL.nextMaskId}`,
      `CONTROL_DEVICES_MAP_ID == ${CONTROL.devicesMapId}`,
      `CONTROL_TRAIN_NS == ${CONTROL.trainNs}`,
      `CONTROL_TUNNEL_PORTS == ${CONTROL.tunnelPorts}`,
      `CONTROL_TUNNEL_SHAPES == ${CONTROL.tunnelShapes}`,
      `CONTROL_WORDS == ${CONTROL.words}`,
    ]);
    assert.equal(result.status, 0, result.stderr);
  });

  it('is really compared', function () {
    this.timeout(20_000);
    assert.notEqual(compile(['sizeof(struct flow_key) == 63']).status, 0);
  });
});
