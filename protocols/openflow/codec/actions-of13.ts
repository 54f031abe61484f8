import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import type { Action, NamedAction } from './action.ts';
import { ACTIONS13 } from './action-codes.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { getField, putField } from './match-oxm.ts';

/** One action of OpenFlow 1.3 (section 7.2.5). @throws OpenFlowEncodeError: 1.3 lacks the action */
export function putAction13(w: Writer, action: NamedAction): void {
  switch (action.kind) {
    case 'output':
      putHead(w, action.kind);
      w.u32(action.port);
      w.u16(action.maxLen);
      w.zeros(6);
      return;
    case 'group':
      putHead(w, action.kind);
      w.u32(action.group);
      return;
    case 'set-queue':
      putHead(w, action.kind);
      w.u32(action.queue);
      return;
    case 'push-vlan':
    case 'push-mpls':
    case 'push-pbb':
    case 'pop-mpls':
      putHead(w, action.kind);
      w.u16(action.ethType);
      w.zeros(2);
      return;
    case 'set-mpls-ttl':
    case 'set-nw-ttl':
      putHead(w, action.kind);
      w.u8(action.ttl);
      w.zeros(3);
      return;
    case 'pop-vlan':
    case 'pop-pbb':
    case 'dec-mpls-ttl':
    case 'dec-nw-ttl':
    case 'copy-ttl-out':
    case 'copy-ttl-in':
      putHead(w, action.kind);
      w.zeros(4);
      return;
    case 'set-field': {
      const start = w.length;
      putHead(w, action.kind);
      putField(w, action.field);
      w.padFrom(start);
      w.patchLength(start + 2, w.length - start);
      return;
    }
    case 'enqueue':
    case 'set-eth-dst':
    case 'set-eth-src':
    case 'set-ip-dst':
    case 'set-ip-src':
    case 'set-ip-tos':
    case 'set-tp-dst':
    case 'set-tp-src':
    case 'set-vlan-pcp':
    case 'set-vlan-vid':
      throw new OpenFlowEncodeError(`OpenFlow 1.3 has no action ${action.kind}`);
  }
}

function putHead(w: Writer, kind: keyof typeof ACTIONS13): void {
  w.u16(ACTIONS13[kind].code);
  w.u16(ACTIONS13[kind].length);
}

/** The action after type and length; undefined when the type is unknown. */
export function getAction13(r: Reader, code: number): Action | undefined {
  switch (code) {
    case ACTIONS13.output.code:
      expect(r, 'output');
      return { kind: 'output', port: r.u32(), maxLen: r.u16() };
    case ACTIONS13.group.code:
      expect(r, 'group');
      return { kind: 'group', group: r.u32() };
    case ACTIONS13['set-queue'].code:
      expect(r, 'set-queue');
      return { kind: 'set-queue', queue: r.u32() };
    case ACTIONS13['push-vlan'].code:
      expect(r, 'push-vlan');
      return { kind: 'push-vlan', ethType: r.u16() };
    case ACTIONS13['push-mpls'].code:
      expect(r, 'push-mpls');
      return { kind: 'push-mpls', ethType: r.u16() };
    case ACTIONS13['push-pbb'].code:
      expect(r, 'push-pbb');
      return { kind: 'push-pbb', ethType: r.u16() };
    case ACTIONS13['pop-mpls'].code:
      expect(r, 'pop-mpls');
      return { kind: 'pop-mpls', ethType: r.u16() };
    case ACTIONS13['set-mpls-ttl'].code:
      expect(r, 'set-mpls-ttl');
      return { kind: 'set-mpls-ttl', ttl: r.u8() };
    case ACTIONS13['set-nw-ttl'].code:
      expect(r, 'set-nw-ttl');
      return { kind: 'set-nw-ttl', ttl: r.u8() };
    case ACTIONS13['set-field'].code:
      return { kind: 'set-field', field: getField(r) };
    default:
      return getBareAction(r, code);
  }
}

const BARE = [
  'pop-vlan',
  'pop-pbb',
  'dec-mpls-ttl',
  'dec-nw-ttl',
  'copy-ttl-out',
  'copy-ttl-in',
] as const;

/** Actions without a body. */
function getBareAction(r: Reader, code: number): Action | undefined {
  for (const kind of BARE) {
    if (ACTIONS13[kind].code === code) {
      expect(r, kind);
      return { kind };
    }
  }
  return undefined;
}

function expect(r: Reader, kind: keyof typeof ACTIONS13): void {
  const { length } = ACTIONS13[kind];
  if (r.left !== length - 4) throw r.fail(`${kind} to be ${length} bytes, not ${r.left + 4}`);
}
