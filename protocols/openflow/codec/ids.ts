/**
 * Well-known numbers of both versions.
 *
 * Port numbers are 16 bits wide in OpenFlow 1.0 and 32 bits in 1.3. Messages here always carry the
 * 32-bit form; 1.0's reserved numbers 0xff00 to 0xffff become 0xffffff00 to 0xffffffff, as in 1.3.
 */
export const Port = {
  /** Largest number of a real port. */
  max: 0xffffff00,
  /** Out of the packet's input port; the only way to send there. */
  inPort: 0xfffffff8,
  /** Through the flow tables (packet-out only). */
  table: 0xfffffff9,
  /** Normal L2 switching. */
  normal: 0xfffffffa,
  flood: 0xfffffffb,
  all: 0xfffffffc,
  controller: 0xfffffffd,
  /** The switch's own port. */
  local: 0xfffffffe,
  /** No port, or no restriction to a port (1.0: NONE). */
  any: 0xffffffff,
} as const;

/** Reserved groups: every group, or no restriction to one (1.3, section A.3.4.2). */
export const Group = { max: 0xffffff00, all: 0xfffffffc, any: 0xffffffff } as const;

/** Reserved tables: every table, or the one without a match for the packet. */
export const Table = { max: 0xfe, all: 0xff } as const;

/** A packet that the switch did not buffer. */
export const NO_BUFFER = 0xffffffff;

/** Experimenter ids of the supported extensions. */
export const Experimenter = {
  /** Nicira: the extensions of Open vSwitch. */
  nicira: 0x00002320,
  /** ONF: the extensions that the ONF published for OpenFlow 1.3. */
  onf: 0x4f4e4600,
} as const;

/** Command of a flow-mod. */
export const FlowCommand = {
  add: 0,
  modify: 1,
  modifyStrict: 2,
  delete: 3,
  deleteStrict: 4,
} as const;

/** Flags of a flow-mod; from `resetCounts` on they are new in 1.3 (bit 2 was 1.0's emergency). */
export const FlowFlag = {
  sendFlowRemoved: 1,
  checkOverlap: 2,
  resetCounts: 4,
  noPacketCounts: 8,
  noByteCounts: 16,
} as const;

/** A controller's role, in 1.3's numbering; Nicira's on 1.0 is translated and has no `noChange`. */
export const Role = { noChange: 0, equal: 1, primary: 2, secondary: 3 } as const;

/** Type of a bundle-control message (ONF extension 230). */
export const BundleControl = {
  openRequest: 0,
  openReply: 1,
  closeRequest: 2,
  closeReply: 3,
  commitRequest: 4,
  commitReply: 5,
  discardRequest: 6,
  discardReply: 7,
} as const;

/** Flags of a bundle: all or nothing, and in the order of the messages. */
export const BundleFlag = { atomic: 1, ordered: 2 } as const;

/**
 * What a flow monitor reports, and in how much detail (Nicira's numbering, which ONF 1.3 adopted).
 */
export const MonitorFlag = {
  /** The flows that match when the monitor is created. */
  initial: 1,
  add: 2,
  delete: 4,
  modify: 8,
  /** Includes the actions. */
  actions: 16,
  /** Reports changes by this connection in full; otherwise they are abbreviated. */
  own: 32,
} as const;

/** Why a port-status was sent. */
export const PortReason = { add: 0, delete: 1, modify: 2 } as const;

/** Why a flow was removed. `group` is new in 1.3. */
export const RemovedReason = { idle: 0, hard: 1, delete: 2, group: 3 } as const;
