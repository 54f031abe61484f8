import type { FlowAction, FlowActions } from '../../../engine/model/action.ts';
import type { KeyParser } from './key.ts';
import { nextComma } from './scan.ts';

/** Actions written as one word; any other word is a port to send to. */
const WORDS: ReadonlySet<string> = new Set(['ct', 'ct_clear', 'drop', 'pop_eth', 'pop_nsh']);

/** Characters that no port name or number contains; text with one of them is an action. */
const NOT_A_PORT = /[\s(){}<>*,]/;

/** `action17`: how OVS prints an unknown action (format_generic_odp_action). */
const GENERIC = /^action\d+$/;

const PUSH_VLAN =
  /^push_vlan\((?:tpid=0x(?<tpid>[0-9a-f]{1,4}),)?vid=(?<vid>\d{1,4}),pcp=(?<pcp>[0-7])\)$/;

/**
 * Reads datapath actions as `format_odp_actions` (lib/odp-util.c) prints them. Actions without a
 * kind in the model become opaque, so that backends refuse them.
 *
 * @returns undefined when the parentheses do not match
 */
export function parseActions(
  bytes: Buffer,
  view: DataView,
  from: number,
  end: number,
  keys: KeyParser,
): FlowActions | undefined {
  const actions: FlowAction[] = [];
  if (bytes.toString('latin1', from, end) === 'drop') return actions;
  for (let at = from; at <= end; ) {
    const stop = nextComma(bytes, at, end);
    if (stop <= at) return undefined;
    actions.push(...parseAction(bytes, view, at, stop, keys));
    at = stop + 1;
  }
  return actions.length > 0 ? actions : undefined;
}

function parseAction(
  bytes: Buffer,
  view: DataView,
  from: number,
  end: number,
  keys: KeyParser,
): FlowActions {
  const text = bytes.toString('utf8', from, end);
  if (text === 'pop_vlan') return [{ kind: 'pop-vlan' }];
  const opaque: FlowAction = { kind: 'opaque', text };
  if (WORDS.has(text) || GENERIC.test(text)) return [opaque];
  if (!NOT_A_PORT.test(text)) return [{ kind: 'output', port: text }];
  if (text.startsWith('push_vlan(')) return [parsePushVlan(text) ?? opaque];
  if (text.startsWith('set(') && text.endsWith(')')) {
    const fields = keys.parseSet(bytes, view, from + 'set('.length, end - 1);
    return fields?.map((f): FlowAction => ({ kind: 'set', ...f })) ?? [opaque];
  }
  return [opaque];
}

function parsePushVlan(text: string): FlowAction | undefined {
  const found = PUSH_VLAN.exec(text)?.groups;
  if (found === undefined) return undefined;
  const tpid = found['tpid'] === undefined ? 0x8100 : Number.parseInt(found['tpid'], 16);
  const vid = Number(found['vid']);
  return vid > 0xfff ? undefined : { kind: 'push-vlan', tpid, vid, pcp: Number(found['pcp']) };
}
