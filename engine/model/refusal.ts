/** Why a backend does not take a flow. */
export const REFUSAL_CODES = [
  /** The match has a field or condition the backend cannot look at. */
  'unsupported-match',
  /** The actions have one the backend cannot perform, or an order it cannot. */
  'unsupported-action',
  /** A port of the flow is not known, or the backend cannot attach to it or send to it. */
  'port-unavailable',
  /** Every entry is in use. */
  'table-full',
  /** The hash table found no free place within its probe depth (EBUSY), though not full. */
  'probe-depth',
  /** Every place for a distinct mask is in use. */
  'mask-table-full',
  /** The device or kernel failed; `detail` has its words. */
  'device-error',
] as const;

/** Code of a refusal. */
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** A backend's no: the cause, and a sentence with the numbers for whoever asks why. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly detail: string;
}

/** True when trying the same flow again later can succeed without the flow changing. */
export function isTransient(code: RefusalCode): boolean {
  return code !== 'unsupported-match' && code !== 'unsupported-action';
}
