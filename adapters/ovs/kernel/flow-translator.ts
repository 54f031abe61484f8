import type { FlowActions } from '../../../engine/model/action.ts';
import type { FlowMatch } from '../../../engine/model/match.ts';
import { FieldPool } from '../dump/field-pool.ts';
import { readActions } from './action-reader.ts';
import type { FlowRecord } from './flow-record.ts';
import { KeyReader } from './key-reader.ts';

/** Action lists to remember. The flows of a node share a few hundred. */
const MAX_ACTIONS = 8192;

/** A flow as the engine knows it. */
export interface TranslatedFlow {
  readonly match: FlowMatch;
  readonly actions: FlowActions;
}

/** Translates keys, masks and actions of the kernel, with the names of the datapath's ports. */
export class FlowTranslator {
  readonly #keys = new KeyReader(new FieldPool());
  readonly #actions = new Map<string, FlowActions>();
  #ports: ReadonlyMap<number, string> = new Map();
  readonly #portName = (port: number): string => this.#ports.get(port) ?? String(port);

  /**
   * Sets the names of the ports by number; a port that is not there is shown by its number, as OVS
   * does. True when they differ from the former ones, so that flows must be translated again.
   */
  setPorts(ports: ReadonlyMap<number, string>): boolean {
    if (sameNames(ports, this.#ports)) return false;
    this.#ports = ports;
    this.#actions.clear();
    return true;
  }

  /** Undefined when the flow is malformed or not complete. */
  translate({ key, mask, actions }: FlowRecord): TranslatedFlow | undefined {
    if (key === undefined || actions === undefined) return undefined;
    const match = this.#keys.read(key, mask, this.#portName);
    const list = this.#actionsOf(actions);
    return match === undefined || list === undefined ? undefined : { match, actions: list };
  }

  #actionsOf(bytes: Buffer): FlowActions | undefined {
    const name = bytes.toString('latin1');
    const known = this.#actions.get(name);
    if (known !== undefined) return known;
    const actions = readActions(bytes, this.#keys, this.#portName);
    if (actions === undefined) return undefined;
    if (this.#actions.size >= MAX_ACTIONS) this.#actions.clear();
    this.#actions.set(name, actions);
    return actions;
  }
}

function sameNames(a: ReadonlyMap<number, string>, b: ReadonlyMap<number, string>): boolean {
  return a.size === b.size && [...a].every(([number, name]) => b.get(number) === name);
}
