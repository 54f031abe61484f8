import type { FlowActions } from '../../../engine/model/action.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { TunnelMatch } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { encodeActions, EncodedActions } from './action-codec.ts';
import { type EntryParts, partsOf } from './entry-parts.ts';
import { KEY_WORDS } from './entry-table.ts';
import { ENTRY, encodeEntry, setId, VALUE_WORDS } from './entry-value.ts';
import { KEY_BYTES, TABLE_KEY } from './key-layout.ts';
import type { Outputs } from './hook.ts';
import { EncodedMatch, encodeMatch } from './match-codec.ts';
import { TUNNEL_HEADER, TUNNEL_KEY, u32 } from './records.ts';
import { type Route, Routes } from './routes.ts';
import type { ServedPort } from './served-port.ts';
import type { ServedPorts } from './served-ports.ts';
import { encodeTunnelHeader, tunnelHeaderRefusal } from './tunnel-header-codec.ts';
import { EncodedTunnel } from './tunnel-match-codec.ts';
import { hashWords } from './word-hash.ts';

/** Why packets cannot be redirected. */
type Refusals = Pick<
  Outputs,
  'matchRefusal' | 'targetRefusal' | 'arrivalRefusal' | 'tunnelRefusal'
>;

/** Encodes one flow at a time into reused buffers. */
export class FlowEncoder {
  /** Key of the last flow; the caller sets its mask id and the id of its tunnel. */
  readonly key = new Uint32Array(KEY_WORDS);
  /** The key's hash, once its mask id is set. */
  keyHash = 0;
  #isHashed = false;
  /** Its value; the caller sets the stats slot and the index of its tunnel header. */
  readonly value = new Uint32Array(VALUE_WORDS);
  readonly mask = new Uint32Array(KEY_BYTES / 4);
  readonly #ports: ServedPorts;
  readonly #outputs: Omit<Refusals, 'targetRefusal'>;
  readonly #routes: Routes;
  #input: ServedPort | undefined;
  /** What the value was last encoded from, if that was {@link isOutput}: many flows differ in their ids. */
  #lastActions: FlowActions | undefined;
  #lastInPort = '';
  #lastVersion = -1;
  #lastRoute: Route | undefined;
  /** Packets of this kind that enter by this port can be redirected. */
  #redirectedKind = -1;
  #redirectedInput: ServedPort | undefined;
  readonly #match = new EncodedMatch(
    new Uint8Array(this.key.buffer, TABLE_KEY.fields, KEY_BYTES),
    new Uint8Array(this.mask.buffer),
  );
  readonly #actions = new EncodedActions();
  readonly #valueBytes = new Uint8Array(this.value.buffer);
  readonly #tunnel = new EncodedTunnel();
  #isTunnelled = false;
  readonly #headerBytes = new Uint8Array(TUNNEL_HEADER.bytes);

  constructor(ports: ServedPorts, outputs: Refusals) {
    this.#ports = ports;
    this.#outputs = outputs;
    this.#routes = new Routes(ports, outputs);
  }

  /** Why the flow cannot be an entry, or undefined. */
  encode(flow: FlowSpec): Refusal | undefined {
    const { id, match, actions } = flow;
    const unmatched = encodeMatch(match, this.#match);
    if (unmatched !== undefined) return unmatched;
    const strange = this.#encodeTunnel(match.tunnel);
    if (strange !== undefined) return strange;
    let route = this.#routeOfLast(match.inPort, actions);
    const isValueKept = route !== undefined;
    if (!isValueKept) {
      this.#lastRoute = undefined;
      const impossible = encodeActions(match, actions, this.#actions);
      if (impossible !== undefined) return impossible;
    }

    const { output, tunnel } = this.#actions;
    route ??= this.#routes.of(flow, output);
    const { input, target, unreachable, bypassed } = route;
    if (input === undefined) return this.#unavailable(match.inPort);
    if (match.tunnel !== undefined) {
      const unfit = this.#outputs.arrivalRefusal(match.tunnel, input);
      if (unfit !== undefined) return unfit;
      if (input.input.hook !== 'xdp') this.#tunnel.leaveToDevice(match.tunnel);
      this.#tunnel.key.set(u32(input.id), TUNNEL_KEY.inPort);
    }
    if (output !== undefined) {
      const never = this.#matchRefusal(input);
      if (never !== undefined) return never;
      if (target === undefined) return this.#unavailable(output);
      if (unreachable !== undefined) return unreachable;
    }
    if (tunnel !== undefined && target !== undefined) {
      const unfit =
        tunnelHeaderRefusal(tunnel) ?? this.#outputs.tunnelRefusal(tunnel, input, target);
      if (unfit !== undefined) return unfit;
      encodeTunnelHeader(tunnel, this.#headerBytes);
    }
    if (bypassed !== undefined) return bypassed;
    this.#input = input;
    this.#isHashed = false;
    this.key[TABLE_KEY.maskId / 4] = 0;
    this.key[TABLE_KEY.inPort / 4] = input.id;
    if (isValueKept) setId(this.value, id);
    else {
      encodeEntry(this.value, this.#valueBytes, id, this.#actions, target);
      this.#keep(match.inPort, actions, route);
    }
    return undefined;
  }

  /** Why packets of the encoded match cannot be redirected from a port; most flows are like the last. */
  #matchRefusal(input: ServedPort): Refusal | undefined {
    const { kind, kindVersion } = this.#match;
    if (kindVersion === this.#redirectedKind && input === this.#redirectedInput) return undefined;
    const refusal = this.#outputs.matchRefusal(kind, input);
    this.#redirectedKind = refusal === undefined ? kindVersion : -1;
    this.#redirectedInput = input;
    return refusal;
  }

  /** The route of the last flow if these actions make the same value of it, up to the id. */
  #routeOfLast(inPort: string, actions: FlowActions): Route | undefined {
    const isSame =
      actions === this.#lastActions &&
      inPort === this.#lastInPort &&
      this.#lastVersion === this.#ports.version;
    return isSame ? this.#lastRoute : undefined;
  }

  #keep(inPort: string, actions: FlowActions, route: Route): void {
    this.#lastActions = isOutput(actions) ? actions : undefined;
    this.#lastInPort = inPort;
    this.#lastVersion = this.#ports.version;
    this.#lastRoute = route;
  }

  /** True when packets of the last encoded flow can reach its entry. */
  get isAttached(): boolean {
    return this.#input?.isAttached ?? false;
  }

  /** `struct tunnel_key` of the last encoded flow; undefined: its packets arrive in no tunnel. */
  get arrivedTunnel(): Uint8Array | undefined {
    return this.#isTunnelled ? this.#tunnel.key : undefined;
  }

  /** To be set before the mask id. */
  set arrivedTunnelId(id: number) {
    this.key[TABLE_KEY.inPort / 4] = id;
    this.#isHashed = false;
  }

  /** Id of the port by which packets of the last encoded flow enter. */
  get inPort(): number {
    return this.#input?.id ?? 0;
  }

  /** `struct tunnel_header` of the last encoded flow; undefined: its packets go into no tunnel. */
  get tunnelHeader(): Uint8Array | undefined {
    return this.#actions.tunnel === undefined ? undefined : this.#headerBytes;
  }

  set tunnelHeaderIndex(index: number) {
    this.value[ENTRY.tunnelHeader / 4] = index;
  }

  /** The parts that its key and value name. */
  get parts(): EntryParts {
    return partsOf(this.key, 0, this.value, 0);
  }

  set maskId(id: number) {
    if (this.#isHashed && this.key[TABLE_KEY.maskId / 4] === id) return;
    this.key[TABLE_KEY.maskId / 4] = id;
    this.keyHash = hashWords(this.key, 0, KEY_WORDS);
    this.#isHashed = true;
  }

  set statsSlot(slot: number) {
    this.value[ENTRY.statsSlot / 4] = slot;
  }

  #encodeTunnel(tunnel: TunnelMatch | undefined): Refusal | undefined {
    this.#isTunnelled = tunnel !== undefined;
    if (tunnel === undefined) {
      this.#match.setOuter(undefined, undefined);
      return undefined;
    }
    const refusal = this.#tunnel.encode(tunnel);
    this.#match.setOuter(this.#tunnel.outer, this.#tunnel.outerMask);
    return refusal;
  }

  #unavailable(port: string): Refusal {
    return { code: 'port-unavailable', detail: this.#ports.problem(port) };
  }
}

/** True if the actions do the same with packets of any match. */
function isOutput(actions: FlowActions): boolean {
  return actions.length === 1 && actions[0].kind === 'output';
}
