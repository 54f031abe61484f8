import { NetlinkRefused } from './errors.ts';
import {
  dumpGeneric,
  GENLMSG_BYTES,
  type GenericFamily,
  genericFamily,
  genericPayload,
} from './generic.ts';
import type { NetlinkRequests } from './requests.ts';
import { attribute, AttributeReader } from './tables.ts';
import { TEXT, U16 } from './values.ts';

/** `DEVLINK_GENL_NAME` and `DEVLINK_CMD_*` (include/uapi/linux/devlink.h). */
const FAMILY = 'devlink';
const COMMAND = { get: 1, eswitchGet: 29 } as const;

/** `DEVLINK_ATTR_*`. */
export const DEVLINK = {
  busName: attribute(1, 'DEVLINK_ATTR_BUS_NAME', TEXT),
  deviceName: attribute(2, 'DEVLINK_ATTR_DEV_NAME', TEXT),
  eswitchMode: attribute(25, 'DEVLINK_ATTR_ESWITCH_MODE', U16),
};

/** `DEVLINK_ESWITCH_MODE_*`. */
const MODES = ['legacy', 'switchdev'] as const;
export type EswitchMode = (typeof MODES)[number];

type Requests = Pick<NetlinkRequests, 'request' | 'dump'>;

/**
 * The modes of the embedded switches of NICs, by the name of their device on its bus
 * (`0000:03:00.0`). Empty where the kernel has no devlink, or no NIC has such a switch.
 *
 * @throws {NetlinkRefused} {@link NetlinkUnusable} {@link NetlinkTimeout}
 */
export async function eswitchModes(requests: Requests): Promise<ReadonlyMap<string, EswitchMode>> {
  const found = new Map<string, EswitchMode>();
  const family = await genericFamily(requests, FAMILY);
  if (family === undefined) return found;
  const devices = await dumpGeneric(requests, 'DEVLINK_CMD_GET', family.id, COMMAND.get);
  for (const attributes of devices) {
    const bus = attributes.get(DEVLINK.busName.number);
    const device = attributes.get(DEVLINK.deviceName.number);
    if (bus === undefined || device === undefined) continue;
    const name = TEXT.decode(device);
    const mode = await eswitchMode(requests, family, TEXT.decode(bus), name);
    if (mode !== undefined) found.set(name, mode);
  }
  return found;
}

async function eswitchMode(
  requests: Requests,
  family: GenericFamily,
  bus: string,
  device: string,
): Promise<EswitchMode | undefined> {
  const place = Buffer.concat([DEVLINK.busName.of(bus), DEVLINK.deviceName.of(device)]);
  const payload = genericPayload(COMMAND.eswitchGet, family.version, place);
  try {
    const name = `DEVLINK_CMD_ESWITCH_GET ${device}`;
    const [answer] = await requests.request({ name, type: family.id, payload });
    const mode = new AttributeReader(answer.payload.subarray(GENLMSG_BYTES));
    return MODES[mode.get(DEVLINK.eswitchMode) ?? -1];
  } catch (error) {
    // The driver has no embedded switch.
    if (error instanceof NetlinkRefused && error.code === 'EOPNOTSUPP') return undefined;
    throw error;
  }
}
