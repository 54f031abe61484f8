import type { NamedAction } from './action.ts';

type Named = NamedAction['kind'];

/** Wire number and total length (bytes) of each action of OpenFlow 1.0, section 5.2.4. */
export const ACTIONS10 = {
  output: { code: 0, length: 8 },
  'set-vlan-vid': { code: 1, length: 8 },
  'set-vlan-pcp': { code: 2, length: 8 },
  'pop-vlan': { code: 3, length: 8 },
  'set-eth-src': { code: 4, length: 16 },
  'set-eth-dst': { code: 5, length: 16 },
  'set-ip-src': { code: 6, length: 8 },
  'set-ip-dst': { code: 7, length: 8 },
  'set-ip-tos': { code: 8, length: 8 },
  'set-tp-src': { code: 9, length: 8 },
  'set-tp-dst': { code: 10, length: 8 },
  enqueue: { code: 11, length: 16 },
} as const satisfies Partial<Record<Named, { code: number; length: number }>>;

/** The same for OpenFlow 1.3.5, section 7.2.5; the length of a set-field depends on its field. */
export const ACTIONS13 = {
  output: { code: 0, length: 16 },
  'copy-ttl-out': { code: 11, length: 8 },
  'copy-ttl-in': { code: 12, length: 8 },
  'set-mpls-ttl': { code: 15, length: 8 },
  'dec-mpls-ttl': { code: 16, length: 8 },
  'push-vlan': { code: 17, length: 8 },
  'pop-vlan': { code: 18, length: 8 },
  'push-mpls': { code: 19, length: 8 },
  'pop-mpls': { code: 20, length: 8 },
  'set-queue': { code: 21, length: 8 },
  group: { code: 22, length: 8 },
  'set-nw-ttl': { code: 23, length: 8 },
  'dec-nw-ttl': { code: 24, length: 8 },
  'set-field': { code: 25, length: 0 },
  'push-pbb': { code: 26, length: 8 },
  'pop-pbb': { code: 27, length: 8 },
} as const satisfies Partial<Record<Named, { code: number; length: number }>>;

/** An experimenter's (1.0: a vendor's) action, in both versions. */
export const EXPERIMENTER_ACTION = 0xffff;
