import { attribute, nest } from './tables.ts';
import { address, BE16, BE32, BYTES, U8 } from './values.ts';

/*
 * Connections of netfilter's conntrack, which Open vSwitch's kernel datapath uses
 * (include/uapi/linux/netfilter/nfnetlink_conntrack.h).
 */

/** `NFNL_SUBSYS_CTNETLINK << 8`. */
const CTNETLINK = 1 << 8;

/** Message types: `IPCTNL_MSG_CT_*` of the subsystem. */
export const CONNTRACK_MESSAGE = {
  new: CTNETLINK | 0,
  get: CTNETLINK | 1,
  delete: CTNETLINK | 2,
} as const;

/** `NFNLGRP_CONNTRACK_*`. */
export const CONNTRACK_GROUP = { new: 1, update: 2, destroy: 3 } as const;

/** Bytes of `struct nfgenmsg`. */
export const NFGENMSG_BYTES = 4;

/** `CTA_*`. */
export const CONNTRACK = {
  original: nest(1, 'CTA_TUPLE_ORIG'),
  reply: nest(2, 'CTA_TUPLE_REPLY'),
  status: attribute(3, 'CTA_STATUS', BE32),
  state: nest(4, 'CTA_PROTOINFO'),
  helper: attribute(5, 'CTA_HELP', BYTES),
  timeout: attribute(7, 'CTA_TIMEOUT', BE32),
  mark: attribute(8, 'CTA_MARK', BE32),
  id: attribute(12, 'CTA_ID', BE32),
  master: nest(14, 'CTA_TUPLE_MASTER'),
  zone: attribute(18, 'CTA_ZONE', BE16),
  labels: attribute(22, 'CTA_LABELS', BYTES),
};

/** `CTA_TUPLE_*`. */
export const TUPLE = {
  address: nest(1, 'CTA_TUPLE_IP'),
  protocol: nest(2, 'CTA_TUPLE_PROTO'),
  zone: attribute(3, 'CTA_TUPLE_ZONE', BE16),
};

/** `CTA_IP_*`. */
export const ADDRESS = {
  ipv4Source: attribute(1, 'CTA_IP_V4_SRC', address(4)),
  ipv4Destination: attribute(2, 'CTA_IP_V4_DST', address(4)),
  ipv6Source: attribute(3, 'CTA_IP_V6_SRC', address(16)),
  ipv6Destination: attribute(4, 'CTA_IP_V6_DST', address(16)),
};

/** `CTA_PROTO_*`. */
export const PROTOCOL_PART = {
  number: attribute(1, 'CTA_PROTO_NUM', U8),
  sourcePort: attribute(2, 'CTA_PROTO_SRC_PORT', BE16),
  destinationPort: attribute(3, 'CTA_PROTO_DST_PORT', BE16),
  icmpId: attribute(4, 'CTA_PROTO_ICMP_ID', BE16),
  icmpv6Id: attribute(7, 'CTA_PROTO_ICMPV6_ID', BE16),
};

/** `CTA_PROTOINFO_*`. */
export const STATE = { tcp: nest(1, 'CTA_PROTOINFO_TCP') };

/** `CTA_PROTOINFO_TCP_*`. */
export const TCP_STATE = { state: attribute(1, 'CTA_PROTOINFO_TCP_STATE', U8) };

/** `TCP_CONNTRACK_ESTABLISHED`. */
export const TCP_ESTABLISHED = 3;

/** `IPS_*`, bits of `CTA_STATUS`. */
export const STATUS = { expected: 1, seenReply: 1 << 1, dying: 1 << 9, helper: 1 << 13 } as const;
