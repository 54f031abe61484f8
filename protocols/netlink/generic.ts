import { type Attributes, decodeAttributes } from './attributes.ts';
import { NetlinkMalformed, NetlinkRefused } from './errors.ts';
import type { NetlinkRequests } from './requests.ts';
import { attribute, AttributeReader, list } from './tables.ts';
import { TEXT, U16, U32 } from './values.ts';

/** `GENL_ID_CTRL` and `CTRL_CMD_GETFAMILY` (include/uapi/linux/genetlink.h). */
const CONTROLLER = 16;
const GET_FAMILY = 3;

/** `CTRL_ATTR_*`. */
export const CONTROL = {
  familyId: attribute(1, 'CTRL_ATTR_FAMILY_ID', U16),
  familyName: attribute(2, 'CTRL_ATTR_FAMILY_NAME', TEXT),
  version: attribute(3, 'CTRL_ATTR_VERSION', U32),
  headerSize: attribute(4, 'CTRL_ATTR_HDRSIZE', U32),
  maxAttribute: attribute(5, 'CTRL_ATTR_MAXATTR', U32),
  multicastGroups: list(7, 'CTRL_ATTR_MCAST_GROUPS'),
};

/** `CTRL_ATTR_MCAST_GRP_*`. */
export const GROUP = {
  name: attribute(1, 'CTRL_ATTR_MCAST_GRP_NAME', TEXT),
  id: attribute(2, 'CTRL_ATTR_MCAST_GRP_ID', U32),
};

/** Bytes of `struct genlmsghdr`. */
export const GENLMSG_BYTES = 4;

/** A family of generic netlink, with this kernel's numbers. */
export interface GenericFamily {
  readonly id: number;
  readonly version: number;
  /** Multicast groups by name. */
  readonly groups: ReadonlyMap<string, number>;
}

/** A payload of generic netlink: `struct genlmsghdr`, then `rest`. */
export function genericPayload(command: number, version: number, rest: Buffer): Buffer {
  return Buffer.concat([Buffer.from([command, version, 0, 0]), rest]);
}

/**
 * The family called `name`; undefined when this kernel lacks it.
 *
 * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link NetlinkTimeout}
 */
export async function genericFamily(
  requests: Pick<NetlinkRequests, 'request'>,
  name: string,
): Promise<GenericFamily | undefined> {
  const payload = genericPayload(GET_FAMILY, 1, CONTROL.familyName.of(name));
  try {
    const [answer] = await requests.request({
      name: `CTRL_CMD_GETFAMILY ${name}`,
      type: CONTROLLER,
      payload,
    });
    return familyOf(answer.payload);
  } catch (error) {
    if (error instanceof NetlinkRefused && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function familyOf(payload: Buffer): GenericFamily {
  const family = new AttributeReader(payload.subarray(GENLMSG_BYTES));
  const id = family.get(CONTROL.familyId);
  if (id === undefined) throw new NetlinkMalformed(GENLMSG_BYTES, 'the id of a family');
  const groups = (family.get(CONTROL.multicastGroups) ?? []).flatMap((item): [string, number][] => {
    const group = new AttributeReader(item);
    const name = group.get(GROUP.name);
    const groupId = group.get(GROUP.id);
    return name === undefined || groupId === undefined ? [] : [[name, groupId]];
  });
  return { id, version: family.get(CONTROL.version) ?? 1, groups: new Map(groups) };
}

/**
 * The attributes of every message of a dump.
 *
 * @param name of the command, for errors
 */
export async function dumpGeneric(
  requests: Pick<NetlinkRequests, 'dump'>,
  name: string,
  family: number,
  command: number,
): Promise<Attributes[]> {
  const header = Buffer.from([command, 1, 0, 0]);
  const messages = await requests.dump(name, family, header);
  return messages.map(({ payload }) => decodeAttributes(payload.subarray(GENLMSG_BYTES)));
}
