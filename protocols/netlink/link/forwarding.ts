import { FLAG } from '../message.ts';
import type { NetlinkRequest } from '../exchange.ts';
import { encodeStruct, field } from '../structs.ts';
import { attribute } from '../tables.ts';
import { address, S32, U16, U8 } from '../values.ts';

/* MAC addresses that a device receives for others (`bridge fdb ... self`, linux/neighbour.h). */

const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;

const AF_BRIDGE = 7;
/** `NUD_PERMANENT`, `NTF_SELF`: an entry of the device itself, which stays. */
const PERMANENT = 0x80;
const SELF = 0x02;

/** `struct ndmsg`. */
const NDMSG = {
  bytes: 12,
  family: field(0, 'ndm_family', U8),
  ifindex: field(4, 'ndm_ifindex', S32),
  state: field(8, 'ndm_state', U16),
  flags: field(10, 'ndm_flags', U8),
};

/** `NDA_*`. */
export const NEIGHBOUR = {
  linkAddress: attribute(2, 'NDA_LLADDR', address(6)),
};

/** A request by which a device receives a MAC address for others; `EEXIST` if it does already. */
export function registerAddress(ifindex: number, mac: Buffer): NetlinkRequest {
  return {
    name: 'RTM_NEWNEIGH',
    type: RTM_NEWNEIGH,
    flags: FLAG.create | FLAG.exclusive,
    payload: entry(ifindex, mac),
  };
}

/** The opposite; `ENOENT` if it does not. */
export function unregisterAddress(ifindex: number, mac: Buffer): NetlinkRequest {
  return { name: 'RTM_DELNEIGH', type: RTM_DELNEIGH, payload: entry(ifindex, mac) };
}

function entry(ifindex: number, mac: Buffer): Buffer {
  const header = encodeStruct(NDMSG.bytes, [
    NDMSG.family.of(AF_BRIDGE),
    NDMSG.ifindex.of(ifindex),
    NDMSG.state.of(PERMANENT),
    NDMSG.flags.of(SELF),
  ]);
  return Buffer.concat([header, NEIGHBOUR.linkAddress.of(mac)]);
}
