/** Codes of refusals: why a backend does not accept a flow. */
export const REFUSAL_CODES = [
  /** The match has a field or condition that the backend cannot match. */
  'unsupported-match',
  /** The backend cannot perform one of the actions, or not in this order. */
  'unsupported-action',
  /** The vSwitch exports what it sees of the flow's traffic (NetFlow, IPFIX, sFlow). */
  'exported',
  /** Rules could idle out, because the backend cannot show the vSwitch a packet often enough. */
  'idle-timeout',
  /** A port of the flow is unknown, or the backend cannot attach to it or send to it. */
  'port-unavailable',
  /** Every entry is in use. */
  'table-full',
  /** The hash table has no free place within its probe depth (EBUSY), though it is not full. */
  'probe-depth',
  /** The maximum number of distinct masks is in use. */
  'mask-table-full',
  /** The device or kernel failed; `detail` has its error. */
  'device-error',
] as const;

/** Code of a refusal. */
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** A refusal by a backend: its code, and a sentence with details such as numbers. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly detail: string;
}

/** True if a later attempt can succeed with the same match and actions. */
export function isTransient(code: RefusalCode): boolean {
  return code !== 'unsupported-match' && code !== 'unsupported-action';
}
