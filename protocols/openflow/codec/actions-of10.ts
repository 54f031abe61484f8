import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import type { Action, NamedAction } from './action.ts';
import { ACTIONS10 } from './action-codes.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { getPort10, putPort10 } from './port-number.ts';

/** One action of OpenFlow 1.0 (section 5.2.4). @throws OpenFlowEncodeError: 1.0 lacks the action */
export function putAction10(w: Writer, action: NamedAction): void {
  switch (action.kind) {
    case 'output':
      putHead(w, action.kind);
      putPort10(w, action.port);
      w.u16(action.maxLen);
      return;
    case 'enqueue':
      putHead(w, action.kind);
      putPort10(w, action.port);
      w.zeros(6);
      w.u32(action.queue);
      return;
    case 'set-vlan-vid':
      putHead(w, action.kind);
      w.u16(action.vid);
      w.zeros(2);
      return;
    case 'set-vlan-pcp':
      putHead(w, action.kind);
      w.u8(action.pcp);
      w.zeros(3);
      return;
    case 'pop-vlan':
      putHead(w, action.kind);
      w.zeros(4);
      return;
    case 'set-eth-src':
    case 'set-eth-dst':
      putHead(w, action.kind);
      w.exactly(action.address, 6, 'a MAC address');
      w.zeros(6);
      return;
    case 'set-ip-src':
    case 'set-ip-dst':
      putHead(w, action.kind);
      w.u32(action.address);
      return;
    case 'set-ip-tos':
      putHead(w, action.kind);
      w.u8(action.tos);
      w.zeros(3);
      return;
    case 'set-tp-src':
    case 'set-tp-dst':
      putHead(w, action.kind);
      w.u16(action.port);
      w.zeros(2);
      return;
    case 'copy-ttl-in':
    case 'copy-ttl-out':
    case 'dec-mpls-ttl':
    case 'dec-nw-ttl':
    case 'group':
    case 'pop-mpls':
    case 'pop-pbb':
    case 'push-mpls':
    case 'push-pbb':
    case 'push-vlan':
    case 'set-field':
    case 'set-mpls-ttl':
    case 'set-nw-ttl':
    case 'set-queue':
      throw new OpenFlowEncodeError(`OpenFlow 1.0 has no action ${action.kind}`);
  }
}

function putHead(w: Writer, kind: keyof typeof ACTIONS10): void {
  w.u16(ACTIONS10[kind].code);
  w.u16(ACTIONS10[kind].length);
}

/** The action after type and length; undefined when the type is unknown. */
export function getAction10(r: Reader, code: number): Action | undefined {
  switch (code) {
    case ACTIONS10.output.code:
      expect(r, 'output');
      return { kind: 'output', port: getPort10(r), maxLen: r.u16() };
    case ACTIONS10.enqueue.code: {
      expect(r, 'enqueue');
      const port = getPort10(r);
      r.skip(6);
      return { kind: 'enqueue', port, queue: r.u32() };
    }
    case ACTIONS10['set-vlan-vid'].code:
      expect(r, 'set-vlan-vid');
      return { kind: 'set-vlan-vid', vid: r.u16() };
    case ACTIONS10['set-vlan-pcp'].code:
      expect(r, 'set-vlan-pcp');
      return { kind: 'set-vlan-pcp', pcp: r.u8() };
    case ACTIONS10['pop-vlan'].code:
      expect(r, 'pop-vlan');
      return { kind: 'pop-vlan' };
    case ACTIONS10['set-eth-src'].code:
      expect(r, 'set-eth-src');
      return { kind: 'set-eth-src', address: r.bytes(6) };
    case ACTIONS10['set-eth-dst'].code:
      expect(r, 'set-eth-dst');
      return { kind: 'set-eth-dst', address: r.bytes(6) };
    case ACTIONS10['set-ip-src'].code:
      expect(r, 'set-ip-src');
      return { kind: 'set-ip-src', address: r.u32() };
    case ACTIONS10['set-ip-dst'].code:
      expect(r, 'set-ip-dst');
      return { kind: 'set-ip-dst', address: r.u32() };
    case ACTIONS10['set-ip-tos'].code:
      expect(r, 'set-ip-tos');
      return { kind: 'set-ip-tos', tos: r.u8() };
    case ACTIONS10['set-tp-src'].code:
      expect(r, 'set-tp-src');
      return { kind: 'set-tp-src', port: r.u16() };
    case ACTIONS10['set-tp-dst'].code:
      expect(r, 'set-tp-dst');
      return { kind: 'set-tp-dst', port: r.u16() };
    default:
      return undefined;
  }
}

function expect(r: Reader, kind: keyof typeof ACTIONS10): void {
  const { length } = ACTIONS10[kind];
  if (r.left !== length - 4) throw r.fail(`${kind} to be ${length} bytes, not ${r.left + 4}`);
}
