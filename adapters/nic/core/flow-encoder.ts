import type { FlowSpec } from '../../../engine/model/flow.ts';
import { bypassRefusal } from '../../../engine/model/bypass.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { encodeActions } from './action-codec.ts';
import { KEY_WORDS, VALUE_WORDS } from './entry-table.ts';
import { ENTRY, encodeEntry } from './entry-value.ts';
import { KEY_BYTES, TABLE_KEY } from './key-layout.ts';
import type { Outputs } from './hook.ts';
import { encodeMatch, newEncodedMatch } from './match-codec.ts';
import type { ServedPorts } from './served-ports.ts';

/** Encodes one flow at a time into reused buffers. */
export class FlowEncoder {
  /** Key of the last flow; the caller sets its mask id. */
  readonly key = new Uint32Array(KEY_WORDS);
  /** Its value; the caller sets the stats slot. */
  readonly value = new Uint32Array(VALUE_WORDS);
  readonly mask = new Uint32Array(KEY_BYTES / 4);
  readonly #ports: ServedPorts;
  readonly #outputs: Outputs;
  readonly #portOf = (name: string) => this.#ports.info(name);
  readonly #match = newEncodedMatch(
    new Uint8Array(this.key.buffer, TABLE_KEY.fields, KEY_BYTES),
    new Uint8Array(this.mask.buffer),
  );
  readonly #valueBytes = new Uint8Array(this.value.buffer);

  constructor(ports: ServedPorts, outputs: Outputs) {
    this.#ports = ports;
    this.#outputs = outputs;
  }

  /** Why the flow cannot be an entry, or undefined. */
  encode(flow: FlowSpec): Refusal | undefined {
    const { id, match, actions } = flow;
    const unmatched = encodeMatch(match, this.#match);
    if (unmatched !== undefined) return unmatched;
    const outcome = encodeActions(match, actions);
    if (!outcome.ok) return outcome.refusal;

    const inPort = this.#ports.get(match.inPort);
    if (inPort === undefined) return this.#unavailable(match.inPort);
    const { output } = outcome.program;
    if (output !== undefined) {
      const never = this.#outputs.matchRefusal(this.#match.kind, inPort);
      if (never !== undefined) return never;
    }
    const target = output === undefined ? undefined : this.#ports.get(output);
    if (output !== undefined && target === undefined) return this.#unavailable(output);
    if (target !== undefined) {
      const unreachable = this.#outputs.targetRefusal(inPort, target);
      if (unreachable !== undefined) return unreachable;
    }
    const limited = bypassRefusal(flow, this.#portOf, this.#ports.shortestLimitMs);
    if (limited !== undefined) return limited;
    this.key[TABLE_KEY.maskId / 4] = 0;
    this.key[TABLE_KEY.inPort / 4] = inPort.id;
    encodeEntry(this.value, this.#valueBytes, id, outcome.program, target);
    return undefined;
  }

  set maskId(id: number) {
    this.key[TABLE_KEY.maskId / 4] = id;
  }

  set statsSlot(slot: number) {
    this.value[ENTRY.statsSlot / 4] = slot;
  }

  #unavailable(port: string): Refusal {
    return { code: 'port-unavailable', detail: this.#ports.problem(port) };
  }
}
