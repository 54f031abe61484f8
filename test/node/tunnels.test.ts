import assert from 'node:assert/strict';
import type { FlowView } from '../../api/flow-views.ts';
import { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import type { Namespace } from '../../lab/testbed/namespace.ts';
import { Capture, sendFrames, sequenceOf, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { EAGER, MOVE_MS, needsRealNode } from './fixture.ts';
import { TunnelRig } from './tunnel-rig.ts';

const PACKETS_A_CONNECTION = 6;
const PACKETS_PER_SECOND = 400;
/** Longest time until a packet that was sent has been captured, ms. */
const ARRIVE_MS = 5_000;

describe('on the real node, connections through tunnels', function () {
  this.timeout(60_000);
  let rig: TunnelRig;
  let daemon: NorikaeDaemon;
  let captures: { readonly vm: Capture; readonly wire: Capture };

  before(async function () {
    needsRealNode(this);
    rig = await TunnelRig.start();
    const [vm, wire] = [rig.vm, rig.wire].map((end) => Capture.start(end.namespace));
    captures = { vm: await vm, wire: await wire };
    daemon = await NorikaeDaemon.start(rig.node, {
      policies: [EAGER],
      connections: {},
      planner: { minHoldMs: 0 },
      // No packet of a round is a heartbeat.
      backend: { masks: 128, heartbeatMs: 5_000 },
    });
  });
  after(() => rig?.node.stop());

  /** What arrives of the frames, in hexadecimal, by number. */
  async function received(
    from: Namespace,
    frames: readonly Buffer[],
    capture: Capture,
  ): Promise<ReadonlyMap<number, string>> {
    capture.take();
    await sendFrames(from, frames, PACKETS_PER_SECOND, rig.node.ovs.runDir);
    const found = new Map<number, string>();
    const look = (): true | undefined => {
      for (const { bytes } of capture.take()) {
        found.set(sequenceOf(bytes) ?? -1, bytes.toString('hex'));
      }
      return frames.every((frame) => found.has(sequenceOf(frame) ?? -1)) ? true : undefined;
    };
    await waitFor('every packet has arrived', look, { timeoutMs: ARRIVE_MS });
    return found;
  }

  /** The connections that enter by a port. */
  async function connections(inPort: string): Promise<readonly FlowView[]> {
    const query = { sort: 'rate', limit: 100, words: [], connections: true } as const;
    const { flows } = await daemon.control.flows(query);
    const isOfRig = /,udp6?,.*udp_(?:src|dst)=10\d\d,/;
    return flows.filter((flow) => flow.inPort === inPort && isOfRig.test(`${flow.match},`));
  }

  const directions = [{ what: 'into tunnels', isArriving: false }];
  for (const { what, isArriving } of directions) {
    it(`are sent ${what} by their entries as by the vSwitch, byte by byte`, async () => {
      const all = rig.connections;
      const frames = all.flatMap((one) =>
        Array.from({ length: PACKETS_A_CONNECTION }, (_, i) => {
          const number = one.n * PACKETS_A_CONNECTION + i;
          return isArriving ? rig.arriving(one, number) : rig.sent(one, number);
        }),
      );
      const { vm, wire } = rig;
      const [from, inPort] = isArriving ? [wire.namespace, wire.name] : [vm.namespace, vm.name];
      const capture = isArriving ? captures.vm : captures.wire;
      await daemon.control.onloadAll();
      // The vSwitch makes its megaflows.
      await received(from, frames, capture);
      const bySwitch = await received(from, frames, capture);

      await daemon.control.resume();
      const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
      const warm = await startSender(from, frames, sending, rig.node.ovs.runDir);
      const offloaded = async () => {
        const found = await connections(inPort);
        const carried = found.filter(({ placement }) => placement === 'offload');
        return carried.length === all.length ? true : undefined;
      };
      await waitFor('every connection is offloaded', offloaded, { timeoutMs: MOVE_MS });
      await warm.stop();
      await sleep(200);

      const before = new Map((await connections(inPort)).map((f) => [f.id, f.carriedBytes]));
      const byEntry = await received(from, frames, capture);
      await daemon.readAgain(MOVE_MS);
      for (const { id, match, carriedBytes } of await connections(inPort)) {
        assert.ok(carriedBytes > (before.get(id) ?? 0), `carried nothing of ${match}`);
      }
      for (const [number, bytes] of bySwitch) {
        assert.equal(byEntry.get(number), bytes, `packet ${number}`);
      }
      assert.equal(byEntry.size, bySwitch.size);
    });
  }
});
