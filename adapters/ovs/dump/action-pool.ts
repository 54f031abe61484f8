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
 * Parses action lists and caches them by text: the flows of a node share a few hundred of them.
 * Bounded, because it keeps only the latest of each slot.
 */
export class ActionPool {
  readonly #keys: KeyParser;
  /** Fingerprint of the last text. */
  readonly fingerprint = new Fingerprint();
  readonly #slots = Array.from<Known | undefined>({ length: SLOTS });

  constructor(keys: KeyParser) {
    this.#keys = keys;
  }

  /** The actions written in `[from, to)`; undefined when they are not well-formed. */
  parse(bytes: Buffer, view: DataView, from: number, to: number): FlowActions | undefined {
    this.fingerprint.compute(view, from, to);
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
