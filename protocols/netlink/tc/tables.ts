import { field, struct } from '../structs.ts';
import { attribute, list, nest } from '../tables.ts';
import { BYTES, S32, TEXT, U32, U64, U8 } from '../values.ts';

/* Traffic control (include/uapi/linux/rtnetlink.h, gen_stats.h, pkt_cls.h). */

/** `struct tcmsg`. */
export const TCMSG = {
  bytes: 20,
  ifindex: field(4, 'tcm_ifindex', S32),
  handle: field(8, 'tcm_handle', U32),
  parent: field(12, 'tcm_parent', U32),
  /** Of a filter: priority in the upper half, ethertype in network byte order in the lower. */
  info: field(16, 'tcm_info', U32),
};

/** `TCA_*`. What the options contain depends on the kind. */
export const TC = {
  kind: attribute(1, 'TCA_KIND', TEXT),
  options: nest(2, 'TCA_OPTIONS'),
  stats: nest(7, 'TCA_STATS2'),
  chain: attribute(11, 'TCA_CHAIN', U32),
  isOffloaded: attribute(12, 'TCA_HW_OFFLOAD', U8),
  ingressBlock: attribute(13, 'TCA_INGRESS_BLOCK', U32),
  egressBlock: attribute(14, 'TCA_EGRESS_BLOCK', U32),
  dumpFlags: attribute(15, 'TCA_DUMP_FLAGS', BYTES),
  warning: attribute(16, 'TCA_EXT_WARN_MSG', TEXT),
};

/** `struct gnet_stats_basic`. */
export const BASIC_STATS = {
  bytes: field(0, 'bytes', U64),
  packets: field(8, 'packets', U32),
};

/** `struct gnet_stats_queue`. */
export const QUEUE_STATS = {
  queueLength: field(0, 'qlen', U32),
  backlog: field(4, 'backlog', U32),
  drops: field(8, 'drops', U32),
  requeues: field(12, 'requeues', U32),
  overlimits: field(16, 'overlimits', U32),
};

/** `TCA_STATS_*`. */
export const STATS = {
  basic: attribute(1, 'TCA_STATS_BASIC', struct('gnet_stats_basic', 12)),
  queue: attribute(3, 'TCA_STATS_QUEUE', struct('gnet_stats_queue', 20)),
  /** The part of the basic counters that hardware counted. */
  basicHardware: attribute(7, 'TCA_STATS_BASIC_HW', struct('gnet_stats_basic', 12)),
  /** All 64 bits of the basic counter of packets. */
  packets64: attribute(8, 'TCA_STATS_PKT64', U64),
};

/** `TCA_ACT_*`: one action of a filter. What the options contain depends on the kind. */
export const ACT = {
  kind: attribute(1, 'TCA_ACT_KIND', TEXT),
  options: nest(2, 'TCA_ACT_OPTIONS'),
  index: attribute(3, 'TCA_ACT_INDEX', U32),
  stats: nest(4, 'TCA_ACT_STATS'),
  cookie: attribute(6, 'TCA_ACT_COOKIE', BYTES),
  flags: attribute(7, 'TCA_ACT_FLAGS', BYTES),
  hardwareStats: attribute(8, 'TCA_ACT_HW_STATS', BYTES),
  usedHardwareStats: attribute(9, 'TCA_ACT_USED_HW_STATS', BYTES),
  inHardwareCount: attribute(10, 'TCA_ACT_IN_HW_COUNT', U32),
};

/** `TCA_ACT_FLAGS_*`. */
export const ACT_FLAGS = { noPerCpuStats: 1 } as const;

/** `TCA_BPF_*`: the classifier `bpf`. */
export const BPF = {
  actions: list(1, 'TCA_BPF_ACT'),
  file: attribute(6, 'TCA_BPF_FD', U32),
  name: attribute(7, 'TCA_BPF_NAME', TEXT),
  flags: attribute(8, 'TCA_BPF_FLAGS', U32),
  flagsGeneric: attribute(9, 'TCA_BPF_FLAGS_GEN', U32),
  programId: attribute(11, 'TCA_BPF_ID', U32),
};

/** `TCA_BPF_FLAG_*`. */
export const BPF_FLAGS = { directAction: 1 } as const;

/** `TCA_U32_*`: the classifier `u32`. */
export const U32_FILTER = {
  classId: attribute(1, 'TCA_U32_CLASSID', U32),
  hash: attribute(2, 'TCA_U32_HASH', U32),
  link: attribute(3, 'TCA_U32_LINK', U32),
  divisor: attribute(4, 'TCA_U32_DIVISOR', U32),
  selector: attribute(5, 'TCA_U32_SEL', BYTES),
  actions: list(7, 'TCA_U32_ACT'),
  flags: attribute(11, 'TCA_U32_FLAGS', U32),
};

/** `TCA_CLS_FLAGS_*`. */
export const FILTER_FLAGS = {
  skipHardware: 1,
  skipSoftware: 2,
  inHardware: 4,
  notInHardware: 8,
} as const;

/** `TC_ACT_*`: what happens after an action. */
export const VERDICT = {
  unspecified: 0xffff_ffff,
  ok: 0,
  reclassify: 1,
  shot: 2,
  pipe: 3,
  stolen: 4,
} as const;

/** The half of {@link TCMSG} `info` that is the priority. */
export function priorityOf(info: number): number {
  return info >>> 16;
}

/** The ethertype of {@link TCMSG} `info`. */
export function protocolOf(info: number): number {
  return ((info & 0xff) << 8) | ((info >>> 8) & 0xff);
}

export function infoOf(priority: number, protocol: number): number {
  return ((priority << 16) | ((protocol & 0xff) << 8) | (protocol >>> 8)) >>> 0;
}

/** Fields of `tc_gen`, with which the parameters of most actions begin. */
export const TC_GEN = {
  index: field(0, 'index', U32),
  capabilities: field(4, 'capab', U32),
  action: field(8, 'action', S32),
  references: field(12, 'refcnt', S32),
  bindings: field(16, 'bindcnt', S32),
};
