// The guest's side of a lane of tests: runs mocha with the given arguments and leaves the reporter's
// result in the folder that the guest shares with the host.
import { writeFile } from 'node:fs/promises';
import { run } from '../../testbed/run.ts';
import { runMocha } from './run-mocha.ts';

// Loaded before the tests ask for it; ovs-vswitchd would load it later.
await run('modprobe', ['openvswitch'], { timeoutMs: 30_000 });
const { status, result } = await runMocha(process.argv.slice(2));
if (result !== undefined) await writeFile('/run/lab/result', JSON.stringify(result));
process.exitCode = status;
