import { NetlinkMalformed } from '../errors.ts';
import type { NetlinkMessage } from '../message.ts';
import type { NetlinkRequests } from '../requests.ts';
import { encodeStruct, StructReader } from '../structs.ts';
import { AttributeReader } from '../tables.ts';
import { FLOWER } from './flower-table.ts';
import { ACT, BPF, priorityOf, protocolOf, TC, TCMSG } from './tables.ts';

const RTM_NEWQDISC = 36;
const RTM_GETQDISC = 38;
const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;
const RTM_NEWCHAIN = 100;

/** `RTNLGRP_TC`: qdiscs, classes, filters and chains. */
export const GROUP_TRAFFIC_CONTROL = 4;

/** `TC_H_*`: the parent of a qdisc, and the two hooks of `clsact`. */
export const PARENT = {
  root: 0xffffffff,
  ingress: 0xfffffff1,
  clsactIngress: 0xfffffff2,
  clsactEgress: 0xfffffff3,
} as const;

/** A qdisc of a device. */
export interface TrafficControl {
  readonly ifindex: number;
  /** 0 for a default qdisc of the kernel (qdisc_create_dflt in net/sched/sch_generic.c). */
  readonly handle: number;
  readonly parent: number;
  /** `htb`, `clsact`, `flower`. */
  readonly kind: string;
}

/**
 * A filter of a device. Those of the same kind, priority, protocol and chain have a head, which is
 * listed before them with the handle 0.
 */
export interface AttachedFilter extends TrafficControl {
  readonly priority: number;
  readonly protocol: number;
  readonly chain: number;
  /** The program of a `bpf` filter; undefined for other kinds, and for a head. */
  readonly programId: number | undefined;
  /** The name that the program was attached with; undefined as above. */
  readonly programName: string | undefined;
  /** The first cookie of the actions of a `flower` filter; undefined for other kinds. */
  readonly cookie: Buffer | undefined;
}

/** The qdisc that a notification says was added; undefined for another notification. */
export function addedQdisc({ type, payload }: NetlinkMessage): TrafficControl | undefined {
  return type === RTM_NEWQDISC ? trafficControlOf(payload) : undefined;
}

/** Whether a notification is about a new chain, which the first filter of a qdisc makes before it is added. */
export function isNewChain({ type }: NetlinkMessage): boolean {
  return type === RTM_NEWCHAIN;
}

/** The filter that a notification says was added or replaced; undefined for another notification. */
export function addedFilter({ type, payload }: NetlinkMessage): AttachedFilter | undefined {
  return type === RTM_NEWTFILTER ? filterOf(payload) : undefined;
}

/** The filter that a notification says was deleted; undefined for another notification. */
export function deletedFilter({ type, payload }: NetlinkMessage): AttachedFilter | undefined {
  return type === RTM_DELTFILTER ? filterOf(payload) : undefined;
}

/** Every qdisc of every device. */
export async function qdiscs(requests: NetlinkRequests): Promise<TrafficControl[]> {
  const messages = await requests.dump('RTM_GETQDISC', RTM_GETQDISC, tcmsg(0, 0));
  return messages.map(({ payload }) => trafficControlOf(payload));
}

/** Every filter below a qdisc or at a hook of `clsact`; none on a device that does not exist. */
export async function filters(
  requests: NetlinkRequests,
  ifindex: number,
  parent: number,
): Promise<AttachedFilter[]> {
  const messages = await requests.dump('RTM_GETTFILTER', RTM_GETTFILTER, tcmsg(ifindex, parent));
  return messages.map(({ payload }) => filterOf(payload));
}

function tcmsg(ifindex: number, parent: number): Buffer {
  return encodeStruct(TCMSG.bytes, [TCMSG.ifindex.of(ifindex), TCMSG.parent.of(parent)]);
}

function trafficControlOf(payload: Buffer): TrafficControl {
  if (payload.length < TCMSG.bytes) throw new NetlinkMalformed(0, 'struct tcmsg');
  const header = new StructReader('tcmsg', payload);
  return {
    ifindex: header.get(TCMSG.ifindex),
    handle: header.get(TCMSG.handle),
    parent: header.get(TCMSG.parent),
    kind: new AttributeReader(payload.subarray(TCMSG.bytes)).get(TC.kind) ?? '',
  };
}

function cookieIn(actions: readonly Buffer[]): Buffer | undefined {
  for (const item of actions) {
    const cookie = new AttributeReader(item).get(ACT.cookie);
    if (cookie !== undefined) return cookie;
  }
  return undefined;
}

function filterOf(payload: Buffer): AttachedFilter {
  const info = new StructReader('tcmsg', payload).get(TCMSG.info);
  const attributes = new AttributeReader(payload.subarray(TCMSG.bytes));
  const control = trafficControlOf(payload);
  const program = control.kind === 'bpf' ? attributes.get(TC.options) : undefined;
  const rule = control.kind === 'flower' ? attributes.get(TC.options) : undefined;
  return {
    ...control,
    priority: priorityOf(info),
    protocol: protocolOf(info),
    chain: attributes.get(TC.chain) ?? 0,
    programId: program?.get(BPF.programId),
    programName: program?.get(BPF.name),
    cookie: cookieIn(rule?.get(FLOWER.actions) ?? []),
  };
}
