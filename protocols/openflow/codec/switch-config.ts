import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { putExtension, putHeader } from './header.ts';
import { Role } from './ids.ts';
import { getPortDescriptions, putPortDescription } from './port.ts';
import { OF10, type Version } from './version.ts';
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
  /** 1.0: bit n: action type n is supported. 1.3: reserved. */
  readonly actions: number;
  /** 1.0; 1.3 uses multipart port-desc instead. */
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

/** Enabled asynchronous messages: bit n of a mask is reason n. Nicira's on 1.0 (set only). */
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

/** 1.0: section 5.3.1; 1.3.5: section 7.3.1. */
export function putFeatures(w: Writer, m: FeaturesReply, version: Version): void {
  putHeader(w, m.type, version, m.xid);
  w.u64(m.datapathId);
  w.u32(m.buffers);
  w.u8(m.tables);
  w.u8(m.auxiliaryId);
  w.zeros(2);
  w.u32(m.capabilities);
  w.u32(m.actions);
  if (version !== OF10 && m.ports.length > 0) {
    throw new OpenFlowEncodeError('features of OpenFlow 1.3 have no ports');
  }
  for (const port of m.ports) putPortDescription(w, port, version);
}

export function getFeatures(r: Reader, xid: number, version: Version): FeaturesReply {
  const datapathId = r.u64();
  const buffers = r.u32();
  const tables = r.u8();
  const auxiliaryId = r.u8();
  r.skip(2);
  const capabilities = r.u32();
  const actions = r.u32();
  const ports = version === OF10 ? getPortDescriptions(r, version) : [];
  const about = { datapathId, buffers, tables, auxiliaryId, capabilities, actions };
  return { type: 'features-reply', xid, ...about, ports };
}

/** 1.3.5, section 7.3.2; the same in 1.0. */
export function putConfig(w: Writer, m: SwitchConfig, version: Version): void {
  putHeader(w, m.type, version, m.xid);
  w.u16(m.flags);
  w.u16(m.missSendLength);
}

export function getConfig(r: Reader, type: SwitchConfig['type'], xid: number): SwitchConfig {
  return { type, xid, flags: r.u16(), missSendLength: r.u16() };
}

/** 1.3.5, section 7.3.9; Nicira's counts from `equal` (its "other") on. */
export function putRole(w: Writer, m: RoleMessage, version: Version): void {
  if (version !== OF10) {
    putHeader(w, m.type, version, m.xid);
    w.u32(m.role);
    w.zeros(4);
    w.u64(m.generationId);
    return;
  }
  if (m.role === Role.noChange || m.generationId !== 0n) {
    throw new OpenFlowEncodeError(
      'a role request on OpenFlow 1.0 must change the role, and has no generation',
    );
  }
  putExtension(w, m.type, version, m.xid);
  w.u32(m.role - Role.equal);
}

export function getRole(r: Reader, type: RoleMessage['type'], xid: number): RoleMessage {
  const role = r.u32();
  r.skip(4);
  return { type, xid, role, generationId: r.u64() };
}

/** Nicira's role message on 1.0, after the subtype. */
export function getNxRole(r: Reader, type: RoleMessage['type'], xid: number): RoleMessage {
  const role = r.u32();
  if (role > Role.secondary - Role.equal) throw r.fail(`a role from 0 to 2, not ${role}`);
  return { type, xid, role: role + Role.equal, generationId: 0n };
}

/** 1.3.5, section 7.3.10; Nicira's nx_async_config has the same body. */
export function putAsync(w: Writer, m: AsyncConfig, version: Version): void {
  if (version !== OF10) putHeader(w, m.type, version, m.xid);
  else if (m.type === 'set-async') putExtension(w, m.type, version, m.xid);
  else throw new OpenFlowEncodeError(`OpenFlow 1.0 has no message ${m.type}`);
  for (const masks of [m.packetIn, m.portStatus, m.flowRemoved]) {
    w.u32(masks[0]);
    w.u32(masks[1]);
  }
}

export function getAsync(r: Reader, type: AsyncConfig['type'], xid: number): AsyncConfig {
  const packetIn = [r.u32(), r.u32()] as const;
  const portStatus = [r.u32(), r.u32()] as const;
  const flowRemoved = [r.u32(), r.u32()] as const;
  return { type, xid, packetIn, portStatus, flowRemoved };
}

export function putFlowFormat(w: Writer, m: SetFlowFormat, version: Version): void {
  putExtension(w, m.type, version, m.xid);
  w.u32(m.format);
}

export function getFlowFormat(r: Reader, xid: number): SetFlowFormat {
  return { type: 'nx-set-flow-format', xid, format: r.u32() };
}

export function putFlowModTableId(w: Writer, m: FlowModTableId, version: Version): void {
  putExtension(w, m.type, version, m.xid);
  w.u8(m.enabled ? 1 : 0);
  w.zeros(7);
}

export function getFlowModTableId(r: Reader, xid: number): FlowModTableId {
  const enabled = r.u8() !== 0;
  r.skip(7);
  return { type: 'nx-flow-mod-table-id', xid, enabled };
}
