import type { FlowActions } from '../../../engine/model/action.ts';
import { parseActions } from './actions.ts';
import { Fingerprint } from './fingerprint.ts';
import type { KeyParser } from './key.ts';
import { Literal } from './literal.ts';

const SLOTS = 8192;

interface Known {
  readonly text: Literal;
  readonly actions: FlowActions;
}

/**
 * Parses action lists, each text once as long as it is remembered: the flows of a node share a
 * few hundred of them. Keeps the latest of each slot and so is bounded.
 */
export class ActionPool {
  readonly #keys: KeyParser;
  /** Of the text that was taken last. */
  readonly fingerprint = new Fingerprint();
  readonly #slots = Array.from<Known | undefined>({ length: SLOTS });

  constructor(keys: KeyParser) {
    this.#keys = keys;
  }

  /** The actions written in `[from, to)`; undefined when they are not well-formed. */
  take(bytes: Buffer, view: DataView, from: number, to: number): FlowActions | undefined {
    this.fingerprint.take(view, from, to);
    const slot = this.fingerprint.a & (SLOTS - 1);
    const known = this.#slots[slot];
    if (known?.text.length === to - from && known.text.standsAt(view, from)) {
      return known.actions;
    }
    const actions = parseActions(bytes, view, from, to, this.#keys);
    if (actions !== undefined) {
      this.#slots[slot] = { text: new Literal(bytes.subarray(from, to)), actions };
    }
    return actions;
  }
}
