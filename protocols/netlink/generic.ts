import { type Attributes, attributesIn, decodeAttributes, textOf } from './attributes.ts';
import type { NetlinkRequests } from './requests.ts';

/** `GENL_ID_CTRL`, and its command and attributes (include/uapi/linux/genetlink.h). */
const CONTROLLER = 16;
const GET_FAMILY = 3;
const ATTRIBUTE = { familyId: 1, familyName: 2, groups: 7 } as const;
const GROUP = { name: 1, id: 2 } as const;

/** Bytes of `struct genlmsghdr`. */
const GENLMSG_BYTES = 4;

/** A family of generic netlink, with this kernel's numbers. */
export interface GenericFamily {
  readonly id: number;
  /** Multicast groups by name. */
  readonly groups: ReadonlyMap<string, number>;
}

/** The family called `name`; undefined when this kernel lacks it. */
export async function genericFamily(
  requests: NetlinkRequests,
  name: string,
): Promise<GenericFamily | undefined> {
  const all = await dumpGeneric(requests, 'CTRL_CMD_GETFAMILY', CONTROLLER, GET_FAMILY);
  const family = all.find((attributes) => textOf(attributes.get(ATTRIBUTE.familyName)) === name);
  const id = family?.get(ATTRIBUTE.familyId);
  if (family === undefined || id === undefined) return undefined;
  const groups = attributesIn(family.get(ATTRIBUTE.groups) ?? Buffer.alloc(0)).flatMap(
    ({ value }): [string, number][] => {
      const group = decodeAttributes(value);
      const groupName = textOf(group.get(GROUP.name));
      const groupId = group.get(GROUP.id);
      if (groupName === undefined || groupId === undefined) return [];
      return [[groupName, groupId.readUInt32LE(0)]];
    },
  );
  return { id: id.readUInt16LE(0), groups: new Map(groups) };
}

/**
 * The attributes of every message of a dump.
 *
 * @param name of the command, for errors
 */
export async function dumpGeneric(
  requests: NetlinkRequests,
  name: string,
  family: number,
  command: number,
): Promise<Attributes[]> {
  const header = Buffer.from([command, 1, 0, 0]);
  const messages = await requests.dump(name, family, header);
  return messages.map(({ payload }) => decodeAttributes(payload.subarray(GENLMSG_BYTES)));
}
