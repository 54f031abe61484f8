import { field, struct } from '../structs.ts';
import { attribute, list, nest } from '../tables.ts';
import { BYTES, TEXT, U16, U32, U64, U8 } from '../values.ts';

/* Links of rtnetlink (include/uapi/linux/if_link.h, rtnetlink.h). */

/** `struct ifinfomsg`. */
export const IFINFOMSG = {
  bytes: 16,
  type: field(2, 'ifi_type', U16),
  index: field(4, 'ifi_index', U32),
  flags: field(8, 'ifi_flags', U32),
  change: field(12, 'ifi_change', U32),
};

/** `struct rtnl_link_stats64`; newer kernels append fields. */
export const LINK_STATS = {
  rxPackets: field(0, 'rx_packets', U64),
  txPackets: field(8, 'tx_packets', U64),
  rxBytes: field(16, 'rx_bytes', U64),
  txBytes: field(24, 'tx_bytes', U64),
  rxErrors: field(32, 'rx_errors', U64),
  txErrors: field(40, 'tx_errors', U64),
  rxDropped: field(48, 'rx_dropped', U64),
  txDropped: field(56, 'tx_dropped', U64),
  multicast: field(64, 'multicast', U64),
  collisions: field(72, 'collisions', U64),
};

/** `IFLA_INFO_*`. */
export const LINK_INFO = {
  kind: attribute(1, 'IFLA_INFO_KIND', TEXT),
  data: attribute(2, 'IFLA_INFO_DATA', BYTES),
  slaveKind: attribute(4, 'IFLA_INFO_SLAVE_KIND', TEXT),
  slaveData: attribute(5, 'IFLA_INFO_SLAVE_DATA', BYTES),
};

/** `IFLA_XDP_*`. */
export const LINK_XDP = {
  attached: attribute(2, 'IFLA_XDP_ATTACHED', U8),
  programId: attribute(4, 'IFLA_XDP_PROG_ID', U32),
  driverProgramId: attribute(5, 'IFLA_XDP_DRV_PROG_ID', U32),
  genericProgramId: attribute(6, 'IFLA_XDP_SKB_PROG_ID', U32),
  hardwareProgramId: attribute(7, 'IFLA_XDP_HW_PROG_ID', U32),
};

/** `IFLA_*`. */
export const LINK = {
  address: attribute(1, 'IFLA_ADDRESS', BYTES),
  broadcast: attribute(2, 'IFLA_BROADCAST', BYTES),
  name: attribute(3, 'IFLA_IFNAME', TEXT),
  mtu: attribute(4, 'IFLA_MTU', U32),
  /** ifindex of the peer or of the device below. */
  link: attribute(5, 'IFLA_LINK', U32),
  qdisc: attribute(6, 'IFLA_QDISC', TEXT),
  master: attribute(10, 'IFLA_MASTER', U32),
  transmitQueueLength: attribute(13, 'IFLA_TXQLEN', U32),
  operationalState: attribute(16, 'IFLA_OPERSTATE', U8),
  info: nest(18, 'IFLA_LINKINFO'),
  virtualFunctions: attribute(21, 'IFLA_NUM_VF', U32),
  /** Each item has the attributes {@link LINK_VF}; settings have one item. */
  virtualFunctionList: list(22, 'IFLA_VFINFO_LIST'),
  stats: attribute(23, 'IFLA_STATS64', struct('rtnl_link_stats64', 80)),
  group: attribute(27, 'IFLA_GROUP', U32),
  extendedMask: attribute(29, 'IFLA_EXT_MASK', U32),
  promiscuity: attribute(30, 'IFLA_PROMISCUITY', U32),
  transmitQueues: attribute(31, 'IFLA_NUM_TX_QUEUES', U32),
  receiveQueues: attribute(32, 'IFLA_NUM_RX_QUEUES', U32),
  carrier: attribute(33, 'IFLA_CARRIER', U8),
  physicalPortId: attribute(34, 'IFLA_PHYS_PORT_ID', BYTES),
  physicalSwitchId: attribute(36, 'IFLA_PHYS_SWITCH_ID', BYTES),
  linkNamespaceId: attribute(37, 'IFLA_LINK_NETNSID', U32),
  physicalPortName: attribute(38, 'IFLA_PHYS_PORT_NAME', TEXT),
  xdp: nest(43, 'IFLA_XDP'),
  parentDevice: attribute(56, 'IFLA_PARENT_DEV_NAME', TEXT),
  parentBus: attribute(57, 'IFLA_PARENT_DEV_BUS_NAME', TEXT),
};

/** `IFLA_VF_*`. Each struct begins with the number of the virtual function. */
export const LINK_VF = {
  mac: attribute(1, 'IFLA_VF_MAC', struct('ifla_vf_mac', 36)),
  vlan: attribute(2, 'IFLA_VF_VLAN', struct('ifla_vf_vlan', 12)),
  spoofCheck: attribute(4, 'IFLA_VF_SPOOFCHK', struct('ifla_vf_spoofchk', 8)),
  linkState: attribute(5, 'IFLA_VF_LINK_STATE', struct('ifla_vf_link_state', 8)),
  rate: attribute(6, 'IFLA_VF_RATE', struct('ifla_vf_rate', 12)),
};

/** Fields of these structs. */
export const VF_FIELD = {
  number: field(0, 'vf', U32),
  /** Of `struct ifla_vf_mac`, 32 bytes; the first 6 of an Ethernet device. */
  mac: field(4, 'mac', BYTES),
  /** The second field of the other structs. */
  vlan: field(4, 'vlan', U32),
  setting: field(4, 'setting', U32),
  linkState: field(4, 'link_state', U32),
  maxTxRate: field(8, 'max_tx_rate', U32),
};

/** `IFLA_VF_LINK_STATE_*`. */
export const VF_LINK_STATE = { auto: 0, enable: 1, disable: 2 } as const;
