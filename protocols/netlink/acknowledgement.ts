import { NetlinkMalformed, NetlinkRefused } from './errors.ts';
import { aligned, CONTROL_TYPE, FLAG, HEADER_BYTES, type NetlinkMessage } from './message.ts';
import { attribute, AttributeReader } from './tables.ts';
import { TEXT, U32 } from './values.ts';

/** `enum nlmsgerr_attrs` (include/uapi/linux/netlink.h): the extended ACK. */
export const EXTACK = {
  message: attribute(1, 'NLMSGERR_ATTR_MSG', TEXT),
  /** Of the attribute that the kernel rejects, from the beginning of the request, bytes. */
  offset: attribute(2, 'NLMSGERR_ATTR_OFFS', U32),
  missingType: attribute(5, 'NLMSGERR_ATTR_MISS_TYPE', U32),
};

/**
 * The refusal in an `NLMSG_ERROR` or `NLMSG_DONE`; undefined when the kernel confirms the request.
 *
 * @param name of the request, for the error
 * @throws {NetlinkMalformed}
 */
export function acknowledgementOf(
  name: string,
  message: NetlinkMessage,
): NetlinkRefused | undefined {
  const { payload } = message;
  if (payload.length < 4) {
    // Before Linux 2.6.39, NLMSG_DONE was empty.
    if (message.type === CONTROL_TYPE.done) return undefined;
    throw new NetlinkMalformed(0, 'an error of 4 bytes');
  }
  return payload.readInt32LE(0) === 0 ? undefined : refusalOf(name, message);
}

/** The refusal in an `NLMSG_ERROR` or `NLMSG_DONE`. */
export function refusalOf(name: string, message: NetlinkMessage): NetlinkRefused {
  const { payload } = message;
  if (payload.length < 4) throw new NetlinkMalformed(0, 'an error of 4 bytes');
  return new NetlinkRefused(name, -payload.readInt32LE(0), explanationOf(message));
}

/** What the kernel says about the refusal; empty when it says nothing. */
function explanationOf(message: NetlinkMessage): string {
  const { flags, payload } = message;
  const at = attributesAt(message);
  if ((flags & FLAG.ackTlvs) === 0 || at >= payload.length) return '';
  const extack = new AttributeReader(payload.subarray(at));
  const offset = extack.get(EXTACK.offset);
  const missing = extack.get(EXTACK.missingType);
  return [
    extack.get(EXTACK.message),
    offset === undefined ? undefined : `attribute at byte ${offset}`,
    missing === undefined ? undefined : `attribute ${missing} is missing`,
  ]
    .filter((part) => part !== undefined)
    .join('; ');
}

/** Where the attributes begin: after the error and, in an `NLMSG_ERROR`, the request. */
function attributesAt({ type, flags, payload }: NetlinkMessage): number {
  if (type === CONTROL_TYPE.done) return 4;
  if (payload.length < 4 + HEADER_BYTES) return payload.length;
  // The request follows whole, or only its header when capped.
  const capped = (flags & FLAG.capped) !== 0;
  return 4 + (capped ? HEADER_BYTES : aligned(payload.readUInt32LE(4)));
}
