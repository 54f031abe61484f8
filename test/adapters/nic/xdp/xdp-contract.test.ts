import { XdpBackend } from '../../../../adapters/nic/xdp/backend.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { MARKER, ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import { sendFrames } from '../../../../lab/testbed/packets.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { describeOffloadBackend } from '../../../contract/offload-backend.ts';
import type { OffloadBackendFixture } from '../../../contract/offload-backend-fixture.ts';
import type { OffloadBackendNeeds } from '../../../contract/offload-backend-fixture.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { builtObject } from './support/object.ts';
import { PassedFrames } from './support/passed.ts';
import { World } from './support/world.ts';

const FRAME_BYTES = 100;
const FROM = Buffer.from([10, 0, 0, 1]);
const TO = Buffer.from([10, 0, 0, 2]);

async function fixture(
  objectPath: string,
  mode: 'native' | 'generic',
  asked: OffloadBackendNeeds,
): Promise<OffloadBackendFixture> {
  const world = await World.create(3);
  const [inPort, outPort, otherPort] = world.names();
  const vms = new Map(world.names().map((name) => [name, world.port(name)]));
  const vmOf = (name: string) => vms.get(name) ?? world.port(name);
  const pinPath = world.pinPath();
  const make = () => new XdpBackend({ pinPath, objectPath, masks: 16, mode, ...asked });
  const listener = await PassedFrames.on(world.cleanup, inPort);
  let backend = make();

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
  const frame = (n: number, sequence: number): Buffer => {
    const ip = { src: FROM, dst: TO, protocol: 17, ttl: 64, tos: 0 };
    const data = Buffer.alloc(FRAME_BYTES - 42);
    MARKER.copy(data);
    data.writeUInt32BE(sequence, MARKER.length);
    const payload = ipv4(ip, 1, udp(ip, 5000, 1000 + n, data));
    const src = '02:00:00:00:01:01';
    return ethernet({ src, dst: '02:00:00:00:01:02', etherType: 0x0800, payload });
  };
  const total = async () => {
    const received = await Promise.all([...vms.values()].map((p) => world.received(p.vm)));
    return listener.frames.length + received.reduce((a, b) => a + b, 0);
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
    frameBytes: FRAME_BYTES,
    async send(spec, packets) {
      const before = await total();
      const frames = Array.from({ length: packets }, (_, i) => frame(spec.id.w3, i));
      await sendFrames(vmOf(inPort).vm, frames, 20_000, world.folder);
      // Drops never arrive anywhere: then this waits for the whole time.
      for (let look = 0; look < 6 && (await total()) - before < packets; look++) await sleep(25);
    },
    received: (port) => world.received(vmOf(port).vm),
    passed: async () => listener.frames.length,
    removePort: (name) => world.removePort(name),
    async remakePort(name) {
      const old = vmOf(name);
      vms.set(name, await world.makePort(name, old.vm, { ifindex: old.ifindex }));
    },
    pass: (ms) => sleep(ms),
    expireLease: () => sleep(asked.leaseMs + 50),
    passHeartbeat: () => sleep(asked.heartbeatMs + 20),
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
        await world.close();
      }
    },
  };
}

let objectPath = '';
for (const mode of ['native', 'generic'] as const) {
  describeOffloadBackend(`XDP, ${mode}`, (asked) => fixture(objectPath, mode, asked), {
    before(context) {
      needs(context, 'root', 'netns', 'xdp', 'debian-python3');
      context.timeout(60_000);
      objectPath = builtObject();
    },
    traffic: true,
    portChanges: true,
    timeoutMs: 20_000,
  });
}
