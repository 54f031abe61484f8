// The process that keeps the virtual functions of a NIC, and its receive filters, beside the daemon:
//
//     node vf-keeper-process.js DEVICE JOURNAL SETTINGS
//
// SETTINGS is JSON: `{"vms", "filters"}`, as VfKeeperSettings has them.
import { NetlinkRequests } from '../../../protocols/netlink/requests.ts';
import { PROTOCOL } from '../../../protocols/netlink/socket.ts';
import { openFilterDevice } from '../ntuple/keeper/filter-device.ts';
import { FilterKeeper } from '../ntuple/keeper/filter-keeper.ts';
import { FileJournal } from '../ntuple/keeper/journal.ts';
import { serveKeeper } from '../ntuple/keeper/serve-keeper.ts';
import { parseSettings } from './vf-keeper-settings.ts';
import { LinkVfControl, VfDevice } from './vf-device.ts';

/** Longest wait for the kernel, ms. */
const TIMEOUT_MS = 4_000;
/** In which guests notice that the daemon has died, and send through the vSwitch again, ms. */
const LINGER_MS = 500;

const [name = '', journal = '', settings = ''] = process.argv.slice(2);
const { vms, filters } = parseSettings(settings);
const requests = new NetlinkRequests(PROTOCOL.route, { timeoutMs: TIMEOUT_MS });
const control = new LinkVfControl(requests, name);
const device = new VfDevice(control, vms, filters ? openFilterDevice(name) : undefined);
const keeper = new FilterKeeper({ name, device, journal: new FileJournal(journal) });
process.exit(await serveKeeper(keeper, LINGER_MS));
