// A process with a backend that holds a rule in hardware, to be killed or stopped:
//
//     node owner.js OPTIONS, as JSON: pinPath, objectPath, leaseMs, inPort, outPort
import { FlowerBackend } from '../../../../../../adapters/nic/flower/backend.ts';
import { ifindexOf } from '../../../../../../adapters/nic/core/device.ts';
import { monotonicMs } from '../../../../../../async/monotonic.ts';
import type { PortInfo } from '../../../../../../engine/model/port.ts';
import { waitFor } from '../../../../../../lab/testbed/wait.ts';
import { never } from '../../../../../contract/collect.ts';
import { put } from '../../../../../contract/offload-backend-operations.ts';
import { contractFlow } from './contract-flow.ts';

const RENEW_MS = 100;

interface OwnerOptions {
  readonly pinPath: string;
  readonly objectPath: string;
  readonly leaseMs: number;
  readonly inPort: string;
  readonly outPort: string;
}

function isOptions(value: unknown): value is OwnerOptions {
  return typeof value === 'object' && value !== null && 'pinPath' in value && 'leaseMs' in value;
}

const options: unknown = JSON.parse(process.argv[2] ?? '');
if (!isOptions(options)) throw new Error('no options');
const { pinPath, objectPath, leaseMs, inPort, outPort } = options;
const ports = new Map([inPort, outPort].map((name) => [name, portOf(name)]));
const how = { rulesIn: 'hardware', entries: 16, heartbeatMs: 0, detachAfterMs: 60_000 } as const;
const backend = new FlowerBackend({ ...how, pinPath, objectPath, leaseMs, maxLockWaitMs: 10_000 });
await backend.start(ports, never());
const renew = async () =>
  (await backend.renewLease(monotonicMs())) === 'renewed' ? true : undefined;
await waitFor('the watchdog', renew, { timeoutMs: 60_000 });
// An emulated processor may hold the network lock for longer than a put waits.
const install = async () => {
  const [result] = await backend.apply([put(contractFlow(inPort, 0, outPort))], never());
  return result.ok ? true : undefined;
};
await waitFor('the rule', install, { timeoutMs: 60_000, everyMs: 250 });
console.log('ready');
setInterval(() => void renew(), RENEW_MS);

function portOf(name: string): PortInfo {
  return {
    name,
    uuid: `uuid-${name}`,
    ifindex: ifindexOf(name) ?? 0,
    bridge: 'br0',
    kind: 'vm',
    datapath: 'kernel',
    mac: undefined,
    vm: undefined,
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
  };
}
