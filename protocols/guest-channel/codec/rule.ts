import { ChannelViolation } from './errors.ts';
import { Fields, integerItem } from './fields.ts';
import { MAX_RULE_ID } from './limits.ts';

/**
 * Header fields that a rule in a guest can match, by their OXM names, with their widths in bits.
 * VLAN tags are not among them: tags of a VF belong to the NIC.
 */
export const RULE_FIELD_BITS = {
  eth_src: 48,
  eth_dst: 48,
  eth_type: 16,
  ipv4_src: 32,
  ipv4_dst: 32,
  ipv6_src: 128,
  ipv6_dst: 128,
  ip_proto: 8,
  ip_tos: 8,
  ip_ttl: 8,
  /** 0 not a fragment, 1 first fragment, 2 later fragment. */
  ip_frag: 2,
  tcp_src: 16,
  tcp_dst: 16,
  tcp_flags: 12,
  udp_src: 16,
  udp_dst: 16,
  sctp_src: 16,
  sctp_dst: 16,
  icmp_type: 8,
  icmp_code: 8,
  icmpv6_type: 8,
  icmpv6_code: 8,
} as const;

/** Name of a field that a rule can match. */
export type RuleFieldName = keyof typeof RULE_FIELD_BITS;

/** All of them, in the order of the catalogue. */
export const RULE_FIELDS: readonly RuleFieldName[] = ruleFieldNames();

/** One masked field. */
export interface RuleField {
  readonly field: RuleFieldName;
  /** Hexadecimal, right-aligned, network byte order; no bit is set outside the mask. */
  readonly value: string;
  /** Of the same length; at least one bit is set. */
  readonly mask: string;
}

/**
 * A rule in the guest.
 *
 * `transmit`: packets that match and leave by `device` (the paravirtual interface) leave by `to` (the
 * VF) instead; in force only while the lease is. `receive`: packets that match and arrive at
 * `device` (the VF) continue as if they had arrived at `to` (the paravirtual interface); in force until
 * the host deletes it, because the NIC decides what arrives at the VF.
 */
export interface GuestRule {
  /** Chosen by the host, 1 to 2^31 - 1, unique among the rules of the guest. */
  readonly id: number;
  readonly direction: 'receive' | 'transmit';
  /** Names of devices of the guest. */
  readonly device: string;
  readonly to: string;
  /** All of them must match; none: every packet. Each field at most once. */
  readonly match: readonly RuleField[];
}

/** A device name of Linux without characters that are special to anything. */
export const DEVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}$/;
export const DEVICE_NAME_WORDS = 'a device name of 1 to 15 letters, digits, ".", "_", "-", "@"';

/** @throws {ChannelViolation} */
export function readRule(value: unknown, where: string): GuestRule {
  const fields = new Fields(value, where);
  const rule = {
    id: fields.integer('id', 1, MAX_RULE_ID),
    direction: fields.oneOf('direction', ['receive', 'transmit'] as const),
    device: fields.text('device', DEVICE_NAME, DEVICE_NAME_WORDS),
    to: fields.text('to', DEVICE_NAME, DEVICE_NAME_WORDS),
    match: fields.list('match', RULE_FIELDS.length, readField),
  };
  fields.end();
  if (new Set(rule.match.map(({ field }) => field)).size < rule.match.length) {
    throw new ChannelViolation(`${where}.match`, 'each field at most once');
  }
  return rule;
}

/** @throws {ChannelViolation} */
export function readRuleId(value: unknown, where: string): number {
  return integerItem(value, where, 1, MAX_RULE_ID);
}

function readField(item: unknown, where: string): RuleField {
  const fields = new Fields(item, where);
  const field = fields.oneOf('field', RULE_FIELDS);
  const bits = RULE_FIELD_BITS[field];
  const digits = 2 * ((bits + 7) >> 3);
  const pattern = new RegExp(`^[0-9a-f]{${digits}}$`);
  const value = fields.text('value', pattern, `${digits} hexadecimal digits`);
  const mask = fields.text('mask', pattern, `${digits} hexadecimal digits`);
  fields.end();
  const maskBits = BigInt(`0x${mask}`);
  if (maskBits === 0n || maskBits >> BigInt(bits) !== 0n) {
    throw new ChannelViolation(`${where}.mask`, `some of the ${bits} bits of ${field}`);
  }
  if ((BigInt(`0x${value}`) & ~maskBits) !== 0n) {
    throw new ChannelViolation(`${where}.value`, 'no bit outside the mask');
  }
  return { field, value, mask };
}

function ruleFieldNames(): RuleFieldName[] {
  const isName = (name: string): name is RuleFieldName => name in RULE_FIELD_BITS;
  return Object.keys(RULE_FIELD_BITS).filter(isName);
}
