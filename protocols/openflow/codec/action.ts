import type { KnownField, UnknownField } from './match.ts';

/**
 * An action on a packet, with 1.3's name. Actions that only one version has are marked; encoding
 * one in the other version throws.
 */
export type Action =
  /** `maxLen`: bytes sent to the controller when `port` is the controller. */
  | { readonly kind: 'output'; readonly port: number; readonly maxLen: number }
  /** 1.3. */
  | { readonly kind: 'group'; readonly group: number }
  /** 1.3. */
  | { readonly kind: 'set-queue'; readonly queue: number }
  /** 1.0: output through a queue of the port. */
  | { readonly kind: 'enqueue'; readonly port: number; readonly queue: number }
  /** 1.3. */
  | { readonly kind: 'push-vlan' | 'push-mpls' | 'push-pbb'; readonly ethType: number }
  /** 1.3; `ethType` is the packet's ethertype afterwards. */
  | { readonly kind: 'pop-mpls'; readonly ethType: number }
  /** Both (1.0: strip VLAN). */
  | { readonly kind: 'pop-vlan' }
  /** 1.3. */
  | { readonly kind: 'set-mpls-ttl' | 'set-nw-ttl'; readonly ttl: number }
  /** 1.3. */
  | {
      readonly kind: 'pop-pbb' | 'dec-mpls-ttl' | 'dec-nw-ttl' | 'copy-ttl-out' | 'copy-ttl-in';
    }
  /** 1.3. */
  | { readonly kind: 'set-field'; readonly field: KnownField | UnknownField }
  /** 1.0; adds a tag to an untagged packet. */
  | { readonly kind: 'set-vlan-vid'; readonly vid: number }
  | { readonly kind: 'set-vlan-pcp'; readonly pcp: number }
  /** 1.0; a MAC address of 6 bytes. */
  | { readonly kind: 'set-eth-src' | 'set-eth-dst'; readonly address: Uint8Array }
  /** 1.0; an IPv4 address as a number. */
  | { readonly kind: 'set-ip-src' | 'set-ip-dst'; readonly address: number }
  /** 1.0; DSCP in the upper six bits. */
  | { readonly kind: 'set-ip-tos'; readonly tos: number }
  /** 1.0. */
  | { readonly kind: 'set-tp-src' | 'set-tp-dst'; readonly port: number }
  /** Both: an experimenter's (1.0: vendor's) action; `bytes` are what follows the id. */
  | { readonly kind: 'experimenter'; readonly experimenter: number; readonly bytes: Uint8Array }
  /** An unknown action type; `bytes` are what follows type and length. */
  | { readonly kind: 'unknown'; readonly code: number; readonly bytes: Uint8Array };

/** An action with a name in one of the versions. */
export type NamedAction = Exclude<Action, { readonly kind: 'experimenter' | 'unknown' }>;

/** A list of actions, executed in this order. */
export type Actions = readonly Action[];
