/**
 * Codes of why a connection has no entry of its own, one for each feature of a pipeline, so that
 * metrics can count what keeps bytes on the vSwitch.
 */
export const REFUSED_CONNECTION_CODES = [
  /** The packets are not TCP or UDP, or are fragments. */
  'protocol',
  /** The packets have two VLAN tags on their way. */
  'vlan-depth',
  /** No megaflow matches packets that enter the vSwitch. */
  'no-megaflow',
  /** A later megaflow of the chain is missing. */
  'chain-broken',
  /** The packets are recirculated too often. */
  'chain-too-long',
  /** Conntrack does not know the connection. */
  'not-tracked',
  /** Conntrack would declare the packets invalid after they were carried past it. */
  'sequence-checks',
  /** Conntrack knows the connection, and not all of its packets are `+est`. */
  'not-established',
  /** A `ct` action writes a mark or a label that the connection does not have, or replaces it. */
  'commit-changes',
  /** An application helper (FTP, TFTP) reads the packets. */
  'helper',
  /** The packets go to several ports. */
  'multiple-outputs',
  /** The packets go to ovs-vswitchd: a controller, `learn`, sFlow, IPFIX. */
  'userspace',
  'sampling',
  'meter',
  /** What is done depends on the size of a packet, or cuts it. */
  'packet-size',
  /** What is done depends on a hash of the packet: bonds, select groups. */
  'hash',
  'tunnel',
  /** A megaflow has a condition that cannot be evaluated. */
  'unsupported-match',
  /** A megaflow has an action that cannot be composed. */
  'unsupported-action',
] as const;

/** Code of a refusal to compose a connection's entry. */
export type RefusedConnectionCode = (typeof REFUSED_CONNECTION_CODES)[number];
