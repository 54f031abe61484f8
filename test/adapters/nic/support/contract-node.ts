import { monotonicMs } from '../../../../async/monotonic.ts';
import { rm } from 'node:fs/promises';
import type { FlowAction } from '../../../../engine/model/action.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { FieldName } from '../../../../engine/model/match.ts';
import { MARKER, ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import type { Namespace } from '../../../../lab/testbed/namespace.ts';
import { Capture, sendFrames } from '../../../../lab/testbed/packets.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import type { OffloadBackendFixture } from '../../../contract/offload-backend-fixture.ts';
import type { OffloadBackendNeeds } from '../../../contract/offload-backend-fixture.ts';
import { flowId } from '../../../support/flows.ts';
import { allBits, exactly, matchOn, numberBytes } from '../../../support/match-fields.ts';
import type { PassedFrames } from './passed.ts';
import { World } from './world.ts';
import type { OffloadBackend } from '../../../../engine/ports/offload-backend.ts';

const FRAME_BYTES = 100;
const FROM = Buffer.from([10, 0, 0, 1]);
const TO = Buffer.from([10, 0, 0, 2]);
/** What is rewritten: as it is sent, and as it arrives. */
const SENT = { dst: TO, srcPort: 5_000 };
const REWRITTEN = { dst: Buffer.from([192, 168, 7, 9]), srcPort: 4_660 };
/** Number of the flow that is rewritten. */
const REWRITTEN_FLOW = 152;

/** Starts to listen where a vSwitch would get the packets of a device. */
export type Listen = (world: World, device: string) => Promise<PassedFrames>;

/** Three VMs that the tests of a contract share, and who listens where the vSwitch would. */
export class SharedNode {
  readonly world: World;
  readonly inPort: string;
  readonly outPort: string;
  readonly otherPort: string;
  readonly #vms: ReadonlyMap<string, Namespace>;
  readonly #listen: Listen;
  #listener: PassedFrames;
  /** Packets that a VM had received, and the vSwitch been passed, before the test began. */
  readonly #before = new Map<string, number>();
  #passedBefore = 0;

  private constructor(world: World, listen: Listen, listener: PassedFrames) {
    this.world = world;
    this.#listen = listen;
    this.#listener = listener;
    [this.inPort, this.outPort, this.otherPort] = world.names();
    this.#vms = new Map(world.names().map((name) => [name, world.port(name).vm]));
  }

  static async start(listen: Listen): Promise<SharedNode> {
    const world = await World.create(3);
    return new SharedNode(world, listen, await listen(world, world.names()[0]));
  }

  /** All ports as they were at first, and all counts from zero. */
  async reset(): Promise<void> {
    const present = this.world.names();
    for (const name of this.#vms.keys()) if (!present.includes(name)) await this.remake(name);
    for (const name of this.#vms.keys()) this.#before.set(name, await this.#count(name));
    this.#passedBefore = this.#listener.frames.length;
  }

  vm(name: string): Namespace {
    const vm = this.#vms.get(name);
    if (vm === undefined) throw new Error(`no port ${name}`);
    return vm;
  }

  async remake(name: string, ifindex?: number): Promise<void> {
    await this.world.makePort(name, this.vm(name), ifindex === undefined ? {} : { ifindex });
    this.#before.set(name, 0);
    if (name !== this.inPort) return;
    const passed = this.passed();
    await this.#listener.stop();
    this.#listener = await this.#listen(this.world, name);
    this.#passedBefore = -passed;
  }

  async received(name: string): Promise<number> {
    return (await this.#count(name)) - (this.#before.get(name) ?? 0);
  }

  passed(): number {
    return this.#listener.frames.length - this.#passedBefore;
  }

  /** Packets that have arrived anywhere. */
  async total(): Promise<number> {
    const received = await Promise.all([...this.#vms.keys()].map((name) => this.received(name)));
    return this.passed() + received.reduce((a, b) => a + b, 0);
  }

  #count(name: string): Promise<number> {
    return this.world.received(this.vm(name));
  }
}

/** Makes a backend. @param pinPath a directory for its pins */
export type MakeBackend = (pinPath: string, asked: OffloadBackendNeeds) => OffloadBackend;

/** The fixture of the contract for backends whose programs are attached to devices. */
export async function contractFixture(
  node: SharedNode,
  makeBackend: MakeBackend,
  asked: OffloadBackendNeeds,
): Promise<OffloadBackendFixture> {
  await node.reset();
  const { world, inPort, outPort, otherPort } = node;
  const pinPath = world.pinPath();
  const ifindexes = new Map(world.names().map((name) => [name, world.port(name).ifindex]));
  const make = () => makeBackend(pinPath, asked);
  let backend = make();
  let capture: Capture | undefined;

  const flow = (n: number, output: string): FlowSpec => ({
    id: flowId(n),
    match: matchOn(
      inPort,
      exactly('eth_type', 0x0800),
      exactly('ip_proto', 17),
      exactly('ip_frag', 0),
      exactly('udp_dst', 1000 + n),
    ),
    actions: [{ kind: 'output', port: output }],
  });
  const frame = (n: number, sequence: number, ends = SENT): Buffer => {
    const ip = { src: FROM, dst: ends.dst, protocol: 17, ttl: 64, tos: 0 };
    const data = Buffer.alloc(FRAME_BYTES - 42);
    MARKER.copy(data);
    data.writeUInt32BE(sequence, MARKER.length);
    const payload = ipv4(ip, 1, udp(ip, ends.srcPort, 1000 + n, data));
    const src = '02:00:00:00:01:01';
    return ethernet({ src, dst: '02:00:00:00:01:02', etherType: 0x0800, payload });
  };

  return {
    get backend() {
      return backend;
    },
    inPort,
    outPort,
    otherPort,
    ports: () => world.snapshot(),
    flow: (n) => flow(n, outPort),
    redirected: (n) => flow(n, otherPort),
    refused: [
      {
        what: 'a second VLAN tag',
        flow: {
          ...flow(150, outPort),
          match: matchOn(
            inPort,
            exactly('eth_type', 0x0800),
            exactly('vlan_tpid', 0x88a8),
            exactly('cvlan_tpid', 0x8100),
          ),
        },
        code: 'unsupported-match',
      },
      {
        what: 'two outputs',
        flow: {
          ...flow(151, outPort),
          actions: [
            { kind: 'output', port: outPort },
            { kind: 'output', port: otherPort },
          ],
        },
        code: 'unsupported-action',
      },
    ],
    rewriting: {
      flow: {
        ...flow(REWRITTEN_FLOW, outPort),
        actions: [
          set('ipv4_dst', REWRITTEN.dst),
          set('udp_src', numberBytes('udp_src', REWRITTEN.srcPort)),
          { kind: 'output', port: outPort },
        ],
      },
      async watch() {
        capture = await Capture.start(node.vm(outPort));
        return () => capture?.frames.map(({ bytes }) => bytes) ?? [];
      },
      expected: (packets) =>
        Array.from({ length: packets }, (_, i) => frame(REWRITTEN_FLOW, i, REWRITTEN)),
    },
    frameBytes: FRAME_BYTES,
    async send(spec, packets) {
      const before = await node.total();
      const frames = Array.from({ length: packets }, (_, i) => frame(spec.id.w3, i));
      await sendFrames(node.vm(inPort), frames, 20_000, world.folder);
      // Drops never arrive anywhere: then this waits for the whole time.
      for (let look = 0; look < 6 && (await node.total()) - before < packets; look++)
        await sleep(25);
    },
    received: (port) => node.received(port),
    passed: async () => node.passed(),
    removePort: (name) => world.removePort(name),
    recreatePort: (name) => node.remake(name, ifindexes.get(name)),
    pass: (ms) => sleep(ms),
    nowMs: monotonicMs,
    passTime: () => sleep(5),
    expireLease: () => sleep(asked.leaseMs + 50),
    passHeartbeat: () => sleep(backend.capabilities().heartbeatLimitMs + 20),
    async restart() {
      // What the kernel does for a process that is killed: descriptors closed, nothing written.
      await backend.close('keep');
      backend = make();
      return backend;
    },
    async close() {
      try {
        await capture?.stop();
        await backend.close('withdraw');
      } finally {
        // What is still pinned is attached: a test may have left a backend that kept its entries.
        await rm(pinPath, { recursive: true, force: true });
      }
    },
  };
}

function set(field: FieldName, value: Uint8Array): FlowAction {
  return { kind: 'set', field, value, mask: allBits(field) };
}
