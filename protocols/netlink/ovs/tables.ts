import { field, struct } from '../structs.ts';
import { attribute, nest } from '../tables.ts';
import { BYTES, FLAG_ONLY, TEXT, U32, U64, U8 } from '../values.ts';

/*
 * Attributes of the families of the Open vSwitch kernel datapath (include/uapi/linux/openvswitch.h).
 * Keys, masks and actions are bytes here: their attributes are read without a table, see
 * `adapters/ovs/kernel`.
 */

/** `struct ovs_dp_stats`. */
export const DP_STATS = {
  hit: field(0, 'n_hit', U64),
  missed: field(8, 'n_missed', U64),
  lost: field(16, 'n_lost', U64),
  flows: field(24, 'n_flows', U64),
};

/** `OVS_DP_ATTR_*`. */
export const DATAPATH = {
  name: attribute(1, 'OVS_DP_ATTR_NAME', TEXT),
  upcallPid: attribute(2, 'OVS_DP_ATTR_UPCALL_PID', U32),
  stats: attribute(3, 'OVS_DP_ATTR_STATS', struct('ovs_dp_stats', 32)),
  megaflowStats: attribute(4, 'OVS_DP_ATTR_MEGAFLOW_STATS', BYTES),
  userFeatures: attribute(5, 'OVS_DP_ATTR_USER_FEATURES', U32),
  masksCacheSize: attribute(7, 'OVS_DP_ATTR_MASKS_CACHE_SIZE', U32),
  perCpuPids: attribute(8, 'OVS_DP_ATTR_PER_CPU_PIDS', BYTES),
  ifindex: attribute(9, 'OVS_DP_ATTR_IFINDEX', U32),
};

/** `struct ovs_vport_stats`. */
export const VPORT_STATS = {
  rxPackets: field(0, 'rx_packets', U64),
  txPackets: field(8, 'tx_packets', U64),
  rxBytes: field(16, 'rx_bytes', U64),
  txBytes: field(24, 'tx_bytes', U64),
  rxErrors: field(32, 'rx_errors', U64),
  txErrors: field(40, 'tx_errors', U64),
  rxDropped: field(48, 'rx_dropped', U64),
  txDropped: field(56, 'tx_dropped', U64),
};

/** `OVS_VPORT_ATTR_*`. */
export const VPORT = {
  portNo: attribute(1, 'OVS_VPORT_ATTR_PORT_NO', U32),
  type: attribute(2, 'OVS_VPORT_ATTR_TYPE', U32),
  name: attribute(3, 'OVS_VPORT_ATTR_NAME', TEXT),
  options: nest(4, 'OVS_VPORT_ATTR_OPTIONS'),
  upcallPid: attribute(5, 'OVS_VPORT_ATTR_UPCALL_PID', BYTES),
  stats: attribute(6, 'OVS_VPORT_ATTR_STATS', struct('ovs_vport_stats', 64)),
  ifindex: attribute(8, 'OVS_VPORT_ATTR_IFINDEX', U32),
  netnsid: attribute(9, 'OVS_VPORT_ATTR_NETNSID', U32),
};

/** `struct ovs_flow_stats`. */
export const FLOW_STATS = {
  packets: field(0, 'n_packets', U64),
  bytes: field(8, 'n_bytes', U64),
};

/** `OVS_FLOW_ATTR_*`. */
export const FLOW = {
  key: attribute(1, 'OVS_FLOW_ATTR_KEY', BYTES),
  actions: attribute(2, 'OVS_FLOW_ATTR_ACTIONS', BYTES),
  stats: attribute(3, 'OVS_FLOW_ATTR_STATS', struct('ovs_flow_stats', 16)),
  tcpFlags: attribute(4, 'OVS_FLOW_ATTR_TCP_FLAGS', U8),
  /** Time of the last packet, ms of CLOCK_MONOTONIC; absent when there was none. */
  used: attribute(5, 'OVS_FLOW_ATTR_USED', U64),
  clear: attribute(6, 'OVS_FLOW_ATTR_CLEAR', FLAG_ONLY),
  mask: attribute(7, 'OVS_FLOW_ATTR_MASK', BYTES),
  probe: attribute(8, 'OVS_FLOW_ATTR_PROBE', FLAG_ONLY),
  ufid: attribute(9, 'OVS_FLOW_ATTR_UFID', BYTES),
  ufidFlags: attribute(10, 'OVS_FLOW_ATTR_UFID_FLAGS', U32),
};

/** `OVS_UFID_F_*`: what the kernel leaves out of an answer. */
export const OMIT = { key: 1, mask: 2, actions: 4 } as const;

/** `OVS_DP_CMD_*`, `OVS_VPORT_CMD_*`, `OVS_FLOW_CMD_*` have the same numbers. */
export const COMMAND = { new: 1, delete: 2, get: 3, set: 4 } as const;
