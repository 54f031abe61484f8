import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { DeviceFeatures } from '../../adapters/nic/core/device-features.ts';
import type { NetworkLock } from '../../adapters/nic/core/network-lock.ts';
import { exclusionOf } from '../../adapters/nic/core/port-eligibility.ts';
import { DeviceSettings } from '../../adapters/nic/xdp/device-settings.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import { eswitchModes } from '../../protocols/netlink/devlink.ts';
import { type Link, links } from '../../protocols/netlink/link/links.ts';
import { type DeviceXdp, XdpFeatures } from '../../protocols/netlink/netdev.ts';
import { NetlinkRequests } from '../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../protocols/netlink/socket.ts';
import { errorCode } from '../../text/error-message.ts';
import type { DeviceFacts, PortFacts, Settings } from '../model/facts.ts';
import { isSeen, type Seen } from '../model/seen.ts';
import { otherHooks } from './other-hooks.ts';
import { LOOK_MS, NotSeen, see } from './see.ts';

/** `ARPHRD_ETHER`: frames begin with an Ethernet header. */
const ETHERNET = '1';

/** The ports of the vSwitch and their devices, in the order of their names. */
export async function portFacts(
  ports: Iterable<PortInfo>,
  settings: Settings,
  lock: NetworkLock,
): Promise<readonly PortFacts[]> {
  const only = settings.ports === undefined ? undefined : new Set(settings.ports);
  const sorted = [...ports].toSorted((a, b) => a.name.localeCompare(b.name));
  const candidates = sorted.filter((port) => port.ifindex !== 0 && port.kind !== 'internal');
  const others = await otherHooks(candidates, settings, lock);
  const devices = await readDevices(lock);
  const found: PortFacts[] = [];
  for (const port of sorted) {
    const excluded = exclusionOf(port, only);
    const facts = { port, excluded, others: others(port) };
    if (port.ifindex === 0 || port.kind === 'internal') found.push(facts);
    else {
      const device = await see(`device ${port.name}`, () => deviceFacts(port, devices));
      found.push({ ...facts, device });
    }
  }
  return found;
}

/** What is read once for all devices. */
interface Devices {
  readonly links: Seen<readonly Link[]>;
  /** Undefined: the kernel does not report it. */
  readonly xdp: Seen<readonly DeviceXdp[] | undefined>;
  readonly eswitches: Seen<ReadonlyMap<string, string>>;
  readonly settings: DeviceSettings;
  readonly features: DeviceFeatures;
}

async function readDevices(lock: NetworkLock): Promise<Devices> {
  const options = { timeoutMs: LOOK_MS };
  const route = new NetlinkRequests(PROTOCOL.route, options);
  const generic = new NetlinkRequests(PROTOCOL.generic, options);
  try {
    return {
      links: await see('devices', () => lock.run('reading devices', () => links(route))),
      xdp: await see('XDP features', () =>
        lock.run('reading XDP features', async () =>
          (await XdpFeatures.of(generic))?.devices(generic),
        ),
      ),
      eswitches: await see('embedded switches', () =>
        lock.run('reading embedded switches', () => eswitchModes(generic)),
      ),
      settings: new DeviceSettings(lock),
      features: new DeviceFeatures(lock),
    };
  } finally {
    route.close();
    generic.close();
  }
}

async function deviceFacts({ name, ifindex }: PortInfo, devices: Devices): Promise<DeviceFacts> {
  const link = seen(devices.links).find((other) => other.ifindex === ifindex);
  if (link === undefined) throw new DeviceMissing(name);
  const xdp = seen(devices.xdp)?.find((other) => other.ifindex === ifindex);
  const bus = await busName(name);
  return {
    driver: await devices.settings.driver(name),
    mtu: link.mtu,
    isUp: link.isUp,
    isEthernet: (await readFile(`/sys/class/net/${name}/type`, 'latin1')).trim() === ETHERNET,
    features: await devices.features.active(name),
    xdp,
    eswitch:
      bus === undefined || !isSeen(devices.eswitches)
        ? undefined
        : devices.eswitches.value.get(bus),
  };
}

/** Name of a NIC on its bus; undefined for a software device. */
async function busName(device: string): Promise<string | undefined> {
  try {
    return basename(await readlink(`/sys/class/net/${device}/device`));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function seen<T>(what: Seen<T>): T {
  if (isSeen(what)) return what.value;
  throw new NotSeen(what);
}

/** The device of a port is not in this network namespace. */
class DeviceMissing extends Error {
  override readonly name = 'DeviceMissing';

  constructor(device: string) {
    super(
      `device ${device} does not exist here: run this command in the network namespace of ovs-vswitchd`,
    );
  }
}
