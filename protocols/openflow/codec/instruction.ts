import type { Actions } from './action.ts';

/**
 * What a flow entry does with a packet that matches (OpenFlow 1.3.5, section 7.2.4).
 *
 * OpenFlow 1.0 has bare actions: they are one `apply-actions`, and no instruction at all when
 * there are none. Any other instruction throws when it is encoded for 1.0.
 */
export type Instruction =
  | { readonly kind: 'goto-table'; readonly table: number }
  | { readonly kind: 'write-metadata'; readonly metadata: bigint; readonly mask: bigint }
  | { readonly kind: 'write-actions' | 'apply-actions'; readonly actions: Actions }
  | { readonly kind: 'clear-actions' }
  | { readonly kind: 'meter'; readonly meter: number }
  /** `bytes` are what follows the experimenter's id. */
  | { readonly kind: 'experimenter'; readonly experimenter: number; readonly bytes: Uint8Array }
  /** An instruction type the tables do not know; `bytes` are what follows type and length. */
  | { readonly kind: 'unknown'; readonly code: number; readonly bytes: Uint8Array };

/** The instructions of a flow entry, in the order sent; each kind at most once. */
export type Instructions = readonly Instruction[];
