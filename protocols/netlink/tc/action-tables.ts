import { field, struct } from '../structs.ts';
import { attribute, nest } from '../tables.ts';
import { address, BE16, BE32, BYTES, FLAG_ONLY, S32, U16, U32, U64, U8 } from '../values.ts';
import { TC_GEN } from './tables.ts';

/* Options of actions (include/uapi/linux/tc_act/*.h, pkt_cls.h). */

/** `TCA_GACT_*`: drop, pass, and other verdicts. */
export const GACT = {
  parameters: attribute(2, 'TCA_GACT_PARMS', struct('tc_gact', 20)),
  probability: attribute(3, 'TCA_GACT_PROB', BYTES),
};

/** `struct tc_mirred`, and `TCA_MIRRED_*`: redirect and mirror. */
export const TC_MIRRED = {
  ...TC_GEN,
  /** {@link MIRRED_TO}. */
  to: field(20, 'eaction', S32),
  ifindex: field(24, 'ifindex', U32),
};
export const MIRRED = {
  parameters: attribute(2, 'TCA_MIRRED_PARMS', struct('tc_mirred', 28)),
};
/** `TCA_EGRESS_REDIR` and its siblings. */
export const MIRRED_TO = {
  egressRedirect: 1,
  egressMirror: 2,
  ingressRedirect: 3,
  ingressMirror: 4,
} as const;

/** `struct tc_vlan`, and `TCA_VLAN_*`. */
export const TC_VLAN = { ...TC_GEN, operation: field(20, 'v_action', S32) };
export const VLAN = {
  parameters: attribute(2, 'TCA_VLAN_PARMS', struct('tc_vlan', 24)),
  id: attribute(3, 'TCA_VLAN_PUSH_VLAN_ID', U16),
  protocol: attribute(4, 'TCA_VLAN_PUSH_VLAN_PROTOCOL', BE16),
  priority: attribute(6, 'TCA_VLAN_PUSH_VLAN_PRIORITY', U8),
};
/** `TCA_VLAN_ACT_*`. */
export const VLAN_OPERATION = { pop: 1, push: 2, modify: 3 } as const;

/** `TCA_SKBEDIT_*`; its parameters are `tc_gen` alone. */
export const SKBEDIT = {
  parameters: attribute(2, 'TCA_SKBEDIT_PARMS', struct('tc_skbedit', 20)),
  /** {@link PACKET_TYPE}. */
  packetType: attribute(7, 'TCA_SKBEDIT_PTYPE', U16),
};
/** `PACKET_*` of include/uapi/linux/if_packet.h. */
export const PACKET_TYPE = { host: 0 } as const;

/** `struct tc_csum`, and `TCA_CSUM_*`. */
export const TC_CSUM = { ...TC_GEN, update: field(20, 'update_flags', U32) };
export const CSUM = { parameters: attribute(1, 'TCA_CSUM_PARMS', struct('tc_csum', 24)) };
/** `TCA_CSUM_UPDATE_FLAG_*`. */
export const CSUM_UPDATE = { ipv4: 1, icmp: 2, igmp: 4, tcp: 8, udp: 16, udplite: 32, sctp: 64 };

/** `struct tc_tunnel_key`, and `TCA_TUNNEL_KEY_*`. */
export const TC_TUNNEL_KEY = { ...TC_GEN, operation: field(20, 't_action', S32) };
export const TUNNEL_KEY = {
  parameters: attribute(2, 'TCA_TUNNEL_KEY_PARMS', struct('tc_tunnel_key', 24)),
  ipv4Source: attribute(3, 'TCA_TUNNEL_KEY_ENC_IPV4_SRC', address(4)),
  ipv4Destination: attribute(4, 'TCA_TUNNEL_KEY_ENC_IPV4_DST', address(4)),
  ipv6Source: attribute(5, 'TCA_TUNNEL_KEY_ENC_IPV6_SRC', address(16)),
  ipv6Destination: attribute(6, 'TCA_TUNNEL_KEY_ENC_IPV6_DST', address(16)),
  keyId: attribute(7, 'TCA_TUNNEL_KEY_ENC_KEY_ID', BE32),
  destinationPort: attribute(9, 'TCA_TUNNEL_KEY_ENC_DST_PORT', BE16),
  noChecksum: attribute(10, 'TCA_TUNNEL_KEY_NO_CSUM', U8),
  options: nest(11, 'TCA_TUNNEL_KEY_ENC_OPTS'),
  tos: attribute(12, 'TCA_TUNNEL_KEY_ENC_TOS', U8),
  ttl: attribute(13, 'TCA_TUNNEL_KEY_ENC_TTL', U8),
};
/** The same, from Linux 6.4 on; earlier ones ignore it. */
export const TUNNEL_KEY_6_4 = {
  doNotFragment: attribute(14, 'TCA_TUNNEL_KEY_NO_FRAG', FLAG_ONLY),
};
/** `TCA_TUNNEL_KEY_ACT_*`. */
export const TUNNEL_KEY_OPERATION = { set: 1, release: 2 } as const;

/** `struct tc_pedit_sel` without its keys, `struct tc_pedit_key`, and `TCA_PEDIT_*`. */
export const TC_PEDIT = { ...TC_GEN, keys: field(20, 'nkeys', U8), flags: field(21, 'flags', U8) };
export const PEDIT_SEL_BYTES = 24;
export const TC_PEDIT_KEY = {
  bytes: 24,
  /** The bits that stay. */
  mask: field(0, 'mask', U32),
  value: field(4, 'val', U32),
  /** From the beginning of the header, bytes. */
  offset: field(8, 'off', U32),
};
export const PEDIT = {
  parameters: attribute(4, 'TCA_PEDIT_PARMS_EX', struct('tc_pedit_sel', PEDIT_SEL_BYTES)),
  keys: nest(5, 'TCA_PEDIT_KEYS_EX'),
};
export const PEDIT_KEY = nest(6, 'TCA_PEDIT_KEY_EX');
/** `TCA_PEDIT_KEY_EX_*`. */
export const PEDIT_KEY_EX = {
  header: attribute(1, 'TCA_PEDIT_KEY_EX_HTYPE', U16),
  command: attribute(2, 'TCA_PEDIT_KEY_EX_CMD', U16),
};
/** `TCA_PEDIT_KEY_EX_HDR_TYPE_*`. */
export const PEDIT_HEADER = { network: 0, ethernet: 1, ipv4: 2, ipv6: 3, tcp: 4, udp: 5 } as const;
/** `TCA_PEDIT_KEY_EX_CMD_*`. */
export const PEDIT_COMMAND = { set: 0, add: 1 } as const;

/** `struct tc_police`, and `TCA_POLICE_*`. */
export const TC_POLICE = {
  bytes: 56,
  index: field(0, 'index', U32),
  /** What happens to packets beyond the rate. */
  action: field(4, 'action', S32),
  limit: field(8, 'limit', U32),
  burst: field(12, 'burst', U32),
  mtu: field(16, 'mtu', U32),
  rate: field(28, 'rate.rate', U32),
};
export const POLICE = {
  parameters: attribute(1, 'TCA_POLICE_TBF', struct('tc_police', TC_POLICE.bytes)),
  rate: attribute(2, 'TCA_POLICE_RATE', BYTES),
  /** What happens to packets within the rate. */
  result: attribute(5, 'TCA_POLICE_RESULT', S32),
  rate64: attribute(8, 'TCA_POLICE_RATE64', U64),
  packetRate64: attribute(10, 'TCA_POLICE_PKTRATE64', U64),
  /** Time in which the burst is saved up, ticks of the packet scheduler. */
  packetBurst64: attribute(11, 'TCA_POLICE_PKTBURST64', U64),
};
