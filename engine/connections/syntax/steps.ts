import type { FlowAction, FlowActions } from '../../model/action.ts';
import type { RefusedConnectionCode } from '../../model/refused-connection.ts';
import { pushedHeader, type TunnelKey, tunnelKey } from './tunnel-headers.ts';
import { listParts, type MaskedBytes, maskedBytes, numberReader } from './values.ts';

/** The `ct` action: sends the packet through conntrack. */
export interface TrackStep {
  readonly kind: 'ct';
  /** As OVS printed it. */
  readonly text: string;
  readonly zone: number;
  readonly commit: boolean;
  readonly force: boolean;
  /** True if the packet is rewritten as its connection is translated. */
  readonly nat: boolean;
  /** What it writes to the connection: 4 and 16 bytes. */
  readonly mark: MaskedBytes | undefined;
  readonly label: MaskedBytes | undefined;
  /** Name of the application helper. */
  readonly helper: string | undefined;
}

/** An action of a megaflow, with a structure for those that the model keeps as text. */
export type Step =
  | Exclude<FlowAction, { readonly kind: 'opaque' }>
  | { readonly kind: 'recirc'; readonly id: number }
  | TrackStep
  | { readonly kind: 'ct-clear' }
  /** Takes the packet out of its tunnel; it enters the vSwitch again by `port`. */
  | { readonly kind: 'pop-tunnel'; readonly port: string }
  /** Says which outer headers the tunnel device adds that the packet is sent to. */
  | { readonly kind: 'set-tunnel'; readonly key: TunnelKey }
  /** An action that a connection's entry cannot have, as OVS printed it. */
  | { readonly kind: 'other'; readonly code: RefusedConnectionCode; readonly text: string };

/** Codes of the actions that an entry cannot have, by their name. */
const CODES: ReadonlyMap<string, RefusedConnectionCode> = new Map([
  ['userspace', 'userspace'],
  ['sample', 'sampling'],
  ['meter', 'meter'],
  ['check_pkt_len', 'packet-size'],
  ['trunc', 'packet-size'],
  ['hash', 'hash'],
  ['tnl_push', 'tunnel'],
  ['tnl_pop', 'tunnel'],
]);

/** Name of a port as an action has it. */
const PORT = /^[^\s(){}<>*,]+$/;

const readMark = numberReader(4);
const readLabel = numberReader(16);

/** Reads the actions of a megaflow, those that the model keeps as text included. */
export function stepsOf(actions: FlowActions): readonly Step[] {
  return actions.flatMap((action): readonly Step[] => {
    if (action.kind !== 'opaque') return [action];
    return tunnelledCopy(action.text) ?? [textStep(action.text)];
  });
}

/**
 * `clone(tnl_push(...),PORT)`: the packet goes into a tunnel, and further actions are about the packet
 * without it. Those can only send it a second time.
 */
function tunnelledCopy(text: string): readonly Step[] | undefined {
  if (!text.startsWith('clone(tnl_push(')) return undefined;
  const [push, port, ...more] = listParts(text.slice('clone('.length, -1));
  if (port === undefined || more.length > 0 || !PORT.test(port)) return undefined;
  return [textStep(push), { kind: 'output', port }];
}

function textStep(text: string): Step {
  const open = text.indexOf('(');
  const name = open < 0 ? text : text.slice(0, open);
  const inside = open < 0 ? '' : text.slice(open + 1, -1);
  switch (name) {
    case 'recirc': {
      const id = /^(?:0x[0-9a-f]+|\d+)$/.test(inside) ? Number(inside) : 0;
      if (id !== 0) return { kind: 'recirc', id };
      break;
    }
    case 'ct': {
      const step = trackStep(text, inside);
      if (step !== undefined) return step;
      break;
    }
    case 'ct_clear':
      return { kind: 'ct-clear' };
    case 'tnl_push': {
      const header = pushedHeader(inside);
      if (header !== undefined) return { kind: 'push-tunnel', header };
      break;
    }
    case 'tnl_pop':
      if (PORT.test(inside)) return { kind: 'pop-tunnel', port: inside };
      break;
    case 'set': {
      const key = inside.startsWith('tunnel(') ? tunnelKey(inside.slice(7, -1)) : undefined;
      if (key !== undefined) return { kind: 'set-tunnel', key };
      break;
    }
    default:
  }
  const isTunnel = inside.startsWith('tunnel(') || inside.startsWith('tnl_push(');
  const code = isTunnel ? 'tunnel' : (CODES.get(name) ?? 'unsupported-action');
  return { kind: 'other', code, text };
}

/** Undefined for a part that is not known. */
function trackStep(text: string, inside: string): TrackStep | undefined {
  let zone = 0;
  let commit = false;
  let force = false;
  let nat = false;
  let mark: MaskedBytes | undefined;
  let label: MaskedBytes | undefined;
  let helper: string | undefined;
  for (const part of listParts(inside)) {
    const equals = part.indexOf('=');
    const name = part.includes('(') || equals < 0 ? part.split('(', 1)[0] : part.slice(0, equals);
    const value = part.slice(equals + 1);
    switch (name) {
      case 'commit':
        commit = true;
        break;
      case 'force_commit':
        commit = true;
        force = true;
        break;
      case 'zone':
        zone = Number(value);
        if (!(zone <= 0xffff)) return undefined;
        break;
      case 'mark':
        mark = maskedBytes(value, readMark);
        if (mark === undefined) return undefined;
        break;
      case 'label':
        label = maskedBytes(value, readLabel);
        if (label === undefined) return undefined;
        break;
      case 'helper':
        helper = value;
        break;
      // Of a connection that is committed already, the time-out stays.
      case 'timeout':
        break;
      case 'nat':
        nat = true;
        break;
      default:
        return undefined;
    }
  }
  return { kind: 'ct', text, zone, commit, force, nat, mark, label, helper };
}
