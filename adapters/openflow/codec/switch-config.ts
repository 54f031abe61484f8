import type { PortDescription } from './port.ts';

export interface FeaturesReply {
  readonly type: 'features-reply';
  readonly xid: number;
  readonly datapathId: bigint;
  /** Packets it can buffer. */
  readonly buffers: number;
  readonly tables: number;
  /** 1.3; 0: the main connection. */
  readonly auxiliaryId: number;
  readonly capabilities: number;
  /** 1.0: bit n: action type n is there. 1.3: reserved. */
  readonly actions: number;
  /** 1.0; 1.3 has the multipart port-desc for it. */
  readonly ports: readonly PortDescription[];
}

export interface SwitchConfig {
  readonly type: 'get-config-reply' | 'set-config';
  readonly xid: number;
  /** How fragments are handled: 0 normal, 1 drop, 2 reassemble. */
  readonly flags: number;
  /** Bytes of a packet sent to the controller. */
  readonly missSendLength: number;
}

/** 1.3, and Nicira's on 1.0. */
export interface RoleMessage {
  readonly type: 'role-request' | 'role-reply';
  readonly xid: number;
  /** Role. */
  readonly role: number;
  /** 0 in 1.0. */
  readonly generationId: bigint;
}

/** Which asynchronous messages come: bit n of a mask is reason n. Nicira's on 1.0 (set only). */
export interface AsyncConfig {
  readonly type: 'get-async-reply' | 'set-async';
  readonly xid: number;
  /** Masks while primary or equal, and while secondary. */
  readonly packetIn: readonly [number, number];
  readonly portStatus: readonly [number, number];
  readonly flowRemoved: readonly [number, number];
}

/** 1.0, Nicira: how flows are matched: 0 the fixed match, 2 NXM. */
export interface SetFlowFormat {
  readonly type: 'nx-set-flow-format';
  readonly xid: number;
  readonly format: number;
}

/** 1.0, Nicira: whether a flow-mod's command carries a table id. */
export interface FlowModTableId {
  readonly type: 'nx-flow-mod-table-id';
  readonly xid: number;
  readonly enabled: boolean;
}
