import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { encodeActions, EncodedActions } from './action-codec.ts';
import { KEY_WORDS, VALUE_WORDS } from './entry-table.ts';
import { ENTRY, encodeEntry } from './entry-value.ts';
import { KEY_BYTES, TABLE_KEY } from './key-layout.ts';
import type { Outputs } from './hook.ts';
import { EncodedMatch, encodeMatch } from './match-codec.ts';
import { TUNNEL_HEADER } from './records.ts';
import { Routes } from './routes.ts';
import type { ServedPort } from './served-port.ts';
import type { ServedPorts } from './served-ports.ts';
import { encodeTunnelHeader, tunnelHeaderRefusal } from './tunnel-header-codec.ts';

/** Encodes one flow at a time into reused buffers. */
export class FlowEncoder {
  /** Key of the last flow; the caller sets its mask id. */
  readonly key = new Uint32Array(KEY_WORDS);
  /** Its value; the caller sets the stats slot and the index of its tunnel header. */
  readonly value = new Uint32Array(VALUE_WORDS);
  readonly mask = new Uint32Array(KEY_BYTES / 4);
  readonly #ports: ServedPorts;
  readonly #outputs: Outputs;
  readonly #routes: Routes;
  #input: ServedPort | undefined;
  readonly #match = new EncodedMatch(
    new Uint8Array(this.key.buffer, TABLE_KEY.fields, KEY_BYTES),
    new Uint8Array(this.mask.buffer),
  );
  readonly #actions = new EncodedActions();
  readonly #valueBytes = new Uint8Array(this.value.buffer);
  readonly #headerBytes = new Uint8Array(TUNNEL_HEADER.bytes);

  constructor(ports: ServedPorts, outputs: Outputs) {
    this.#ports = ports;
    this.#outputs = outputs;
    this.#routes = new Routes(ports);
  }

  /** Why the flow cannot be an entry, or undefined. */
  encode(flow: FlowSpec): Refusal | undefined {
    const { id, match, actions } = flow;
    const unmatched = encodeMatch(match, this.#match);
    if (unmatched !== undefined) return unmatched;
    const impossible = encodeActions(match, actions, this.#actions);
    if (impossible !== undefined) return impossible;

    const { output, tunnel } = this.#actions;
    const { input, target, bypassed } = this.#routes.of(flow, output);
    if (input === undefined) return this.#unavailable(match.inPort);
    if (output !== undefined) {
      const never = this.#outputs.matchRefusal(this.#match.kind, input);
      if (never !== undefined) return never;
      if (target === undefined) return this.#unavailable(output);
      const unreachable = this.#outputs.targetRefusal(input, target);
      if (unreachable !== undefined) return unreachable;
    }
    if (tunnel !== undefined) {
      const unfit =
        tunnelHeaderRefusal(tunnel) ?? this.#outputs.tunnelRefusal(tunnel.header, input);
      if (unfit !== undefined) return unfit;
      encodeTunnelHeader(tunnel, this.#headerBytes);
    }
    if (bypassed !== undefined) return bypassed;
    this.#input = input;
    this.key[TABLE_KEY.maskId / 4] = 0;
    this.key[TABLE_KEY.inPort / 4] = input.id;
    encodeEntry(this.value, this.#valueBytes, id, this.#actions, target);
    return undefined;
  }

  /** True when packets of the last encoded flow can reach its entry. */
  get isAttached(): boolean {
    return this.#input?.isAttached ?? false;
  }

  /** `struct tunnel_header` of the last encoded flow; undefined: its packets go into no tunnel. */
  get tunnelHeader(): Uint8Array | undefined {
    return this.#actions.tunnel === undefined ? undefined : this.#headerBytes;
  }

  set tunnelHeaderIndex(index: number) {
    this.value[ENTRY.tunnelHeader / 4] = index;
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
