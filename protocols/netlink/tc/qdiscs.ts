import { FLAG } from '../message.ts';
import type { NetlinkRequest } from '../exchange.ts';
import { encodeStruct } from '../structs.ts';
import { TC, TCMSG } from './tables.ts';
import { PARENT } from './traffic-control.ts';

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;

/** The handle of `clsact` and `ingress`, of which a device has one at most. */
const CLSACT_HANDLE = 0xffff0000;

/**
 * A request that adds the qdisc `clsact` to a device; refused with `EEXIST` when the device has it or
 * `ingress`.
 */
export function newClsact(ifindex: number): NetlinkRequest {
  return {
    name: 'RTM_NEWQDISC',
    type: RTM_NEWQDISC,
    flags: FLAG.create | FLAG.exclusive,
    payload: clsact(ifindex),
  };
}

/** A request that deletes the qdisc `clsact` with all its filters; refused with `EINVAL` for another. */
export function deleteClsact(ifindex: number): NetlinkRequest {
  return { name: 'RTM_DELQDISC', type: RTM_DELQDISC, payload: clsact(ifindex) };
}

function clsact(ifindex: number): Buffer {
  const header = encodeStruct(TCMSG.bytes, [
    TCMSG.ifindex.of(ifindex),
    TCMSG.handle.of(CLSACT_HANDLE),
    TCMSG.parent.of(PARENT.ingress),
  ]);
  return Buffer.concat([header, TC.kind.of('clsact')]);
}
