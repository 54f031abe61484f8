import { rm } from 'node:fs/promises';
import { FlowerBackend } from '../../../../../../adapters/nic/flower/backend.ts';
import type { RulesIn } from '../../../../../../adapters/nic/flower/options.ts';
import { monotonicMs } from '../../../../../../async/monotonic.ts';
import type { PortSnapshot } from '../../../../../../engine/model/port.ts';
import { sleep } from '../../../../../../lab/testbed/wait.ts';
import type {
  OffloadBackendFixture,
  OffloadBackendNeeds,
} from '../../../../../contract/offload-backend-fixture.ts';
import { contractFlow, contractFrame, FRAME_BYTES } from './contract-flow.ts';
import { openTestWatchdog } from './watchdog.ts';

const REMOVE_LATE_MS = 60;

/** A node with three ports that share a table, and who gets what passes it. */
export interface FlowerNode {
  readonly rulesIn: RulesIn;
  /** The compiled programs. */
  readonly objectPath: string;
  readonly inPort: string;
  readonly outPort: string;
  readonly otherPort: string;
  /** Restores all ports. */
  reset(): Promise<void>;
  /** A fresh directory for pins. */
  pinPath(): string;
  ports(): PortSnapshot;
  send(frame: Buffer): void;
  /** Packets that have left by a port, ever. */
  received(port: string): Promise<number>;
  /** Packets that the vSwitch has got from the input port, ever. */
  passed(): Promise<number>;
  removePort(name: string): Promise<void>;
  recreatePort(name: string): Promise<void>;
}

/** The fixture of the contract for rules of tc flower. */
export async function flowerFixture(
  node: FlowerNode,
  asked: OffloadBackendNeeds,
): Promise<OffloadBackendFixture> {
  await node.reset();
  const { inPort, outPort, otherPort, rulesIn } = node;
  const pinPath = node.pinPath();
  const options = {
    ...asked,
    // Heartbeats in hardware take rules out for a time, which a test of its own looks at.
    heartbeatMs: rulesIn === 'hardware' ? 0 : asked.heartbeatMs,
    rulesIn,
    pinPath,
    detachAfterMs: 60_000,
    objectPath: node.objectPath,
    maxLockWaitMs: 10_000,
  };
  const make = () => new FlowerBackend(options, { openWatchdog: openTestWatchdog });
  let backend = make();
  const total = async (): Promise<number> => {
    const counts = [node.received(outPort), node.received(otherPort), node.passed()];
    return (await Promise.all(counts)).reduce((a, b) => a + b, 0);
  };
  return {
    get backend() {
      return backend;
    },
    inPort,
    outPort,
    otherPort,
    ports: () => node.ports(),
    flow: (n) => contractFlow(inPort, n, outPort),
    redirected: (n) => contractFlow(inPort, n, otherPort),
    refused: [
      {
        what: 'a tag that packets do not have',
        flow: {
          ...contractFlow(inPort, 150, outPort),
          actions: [{ kind: 'pop-vlan' }, { kind: 'output', port: outPort }],
        },
        code: 'unsupported-action',
      },
    ],
    frameBytes: FRAME_BYTES,
    async send(flow, packets) {
      const before = await total();
      const frame = contractFrame(flow.id.w3);
      for (let i = 0; i < packets; i++) node.send(frame);
      // Drops never arrive anywhere: then this waits for the whole time.
      for (let look = 0; look < 6 && (await total()) - before < packets; look++) await sleep(25);
    },
    received: (port) => node.received(port),
    passed: () => node.passed(),
    removePort: (name) => node.removePort(name),
    recreatePort: (name) => node.recreatePort(name),
    pass: (ms) => sleep(ms),
    nowMs: monotonicMs,
    passTime: () => sleep(5),
    expireLease: () => sleep(asked.leaseMs + REMOVE_LATE_MS),
    passHeartbeat: () => sleep(backend.capabilities().heartbeatLimitMs + 20),
    async restart() {
      // What the kernel does for a process that is killed: descriptors closed, nothing written.
      await backend.close('keep');
      backend = make();
      return backend;
    },
    async close() {
      try {
        await backend.close('withdraw');
      } finally {
        await rm(pinPath, { recursive: true, force: true });
      }
    },
  };
}
