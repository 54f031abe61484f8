import type { Actions } from './action.ts';

/**
 * An instruction of a flow entry (OpenFlow 1.3.5, section 7.2.4).
 *
 * OpenFlow 1.0 has bare actions: they become one `apply-actions`, or no instruction when the list
 * is empty. Encoding any other instruction for 1.0 throws.
 */
export type Instruction =
  | { readonly kind: 'goto-table'; readonly table: number }
  | { readonly kind: 'write-metadata'; readonly metadata: bigint; readonly mask: bigint }
  | { readonly kind: 'write-actions' | 'apply-actions'; readonly actions: Actions }
  | { readonly kind: 'clear-actions' }
  | { readonly kind: 'meter'; readonly meter: number }
  /** `bytes` are what follows the experimenter's id. */
  | { readonly kind: 'experimenter'; readonly experimenter: number; readonly bytes: Uint8Array }
  /** An unknown instruction type; `bytes` are what follows type and length. */
  | { readonly kind: 'unknown'; readonly code: number; readonly bytes: Uint8Array };

/** The instructions of a flow entry, in wire order; each kind at most once. */
export type Instructions = readonly Instruction[];
