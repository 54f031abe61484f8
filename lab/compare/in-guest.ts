// The guest's side of `npm run lab -- compare --datapath kernel`: compares, and leaves the report in the
// folder that the guest shares with the host.
//
//     node in-guest.js OPTIONS        options of the comparison as JSON
import { leaveResult } from '../kernel/guest-result.ts';
import { run } from '../testbed/run.ts';
import { type CompareOptions, runCompare } from './compare.ts';

const [text = '{}'] = process.argv.slice(2);
const options: CompareOptions = JSON.parse(text);
// Loaded before it is needed; ovs-vswitchd would load it later.
await run('modprobe', ['openvswitch'], { timeoutMs: 30_000 });
const report = await runCompare(options);
await leaveResult(report);
