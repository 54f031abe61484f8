import { rm } from 'node:fs/promises';
import { FlowerBackend } from '../../../../../../adapters/nic/flower/backend.ts';
import type { RulesIn } from '../../../../../../adapters/nic/flower/options.ts';
import { monotonicMs } from '../../../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../../../engine/model/flow.ts';
import type { PortSnapshot } from '../../../../../../engine/model/port.ts';
import { ethernet, ipv4, udp } from '../../../../../../lab/testbed/frames.ts';
import { sleep } from '../../../../../../lab/testbed/wait.ts';
import type {
  OffloadBackendFixture,
  OffloadBackendNeeds,
} from '../../../../../contract/offload-backend-fixture.ts';
import { flowId } from '../../../../../support/flows.ts';
import { exactly, matchOn } from '../../../../../support/match-fields.ts';
import { openTestWatchdog } from './watchdog.ts';

const FRAME_BYTES = 100;
const FROM = Buffer.from([10, 0, 0, 1]);
const TO = Buffer.from([10, 0, 0, 2]);
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

/** The n-th flow, from the input port. */
export function contractFlow({ inPort }: FlowerNode, n: number, output: string): FlowSpec {
  return {
    id: flowId(n),
    match: matchOn(
      inPort,
      exactly('eth_type', 0x0800),
      exactly('ip_proto', 17),
      exactly('ip_frag', 0),
      exactly('udp_dst', 1000 + n),
    ),
    actions: [{ kind: 'output', port: output }],
  };
}

/** A frame of the n-th flow. */
export function contractFrame(n: number): Buffer {
  const ip = { src: FROM, dst: TO, protocol: 17, ttl: 64, tos: 0 };
  const payload = ipv4(ip, 1, udp(ip, 5000, 1000 + n, Buffer.alloc(FRAME_BYTES - 42)));
  const src = '02:00:00:00:01:01';
  return ethernet({ src, dst: '02:00:00:00:01:02', etherType: 0x0800, payload });
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
  const make = () => new FlowerBackend(options, openTestWatchdog);
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
    flow: (n) => contractFlow(node, n, outPort),
    redirected: (n) => contractFlow(node, n, otherPort),
    refused: [
      {
        what: 'a tag that packets do not have',
        flow: {
          ...contractFlow(node, 150, outPort),
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
