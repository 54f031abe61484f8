import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { MARKER, ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import { startSender } from '../../../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../../../lab/testbed/wait.ts';
import { carried, idText, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { builtObject } from '../support/object.ts';
import { PassedFrames } from '../support/passed.ts';
import { World } from '../support/world.ts';

const RATE = 4_000;
const ROUNDS = 2_000;

describe('XDP under load', function () {
  this.timeout(40_000);
  let world: World;
  let backend: HostBackend;
  let passed: PassedFrames;
  let inPort = '';
  let outPort = '';
  let otherPort = '';

  before(function () {
    needs(this, 'root', 'netns', 'xdp', 'debian-python3');
  });

  beforeEach(async () => {
    const objectPath = builtObject();
    world = await World.create(3);
    [inPort, outPort, otherPort] = world.names();
    passed = await PassedFrames.on(world.cleanup, inPort);
    // Entries that live for milliseconds would wait for a gap all the time.
    const sizes = { entries: 256, masks: 32, trainMs: 0 };
    const options = { pinPath: world.pinPath(), objectPath, ...sizes };
    backend = xdpTable({ ...options, leaseMs: 60_000, heartbeatMs: 0, mode: 'auto' });
    await backend.start(world.snapshot(), never());
    await backend.renewLease(monotonicMs());
  });

  afterEach(async () => {
    await backend.close('withdraw');
    await world.close();
  });

  /** UDP to a port of the VM; `bits` of the source address are matched, too. */
  function flow(n: number, output: string, bits = 0): FlowSpec {
    const match = matchOn(
      inPort,
      exactly('eth_type', 0x0800),
      exactly('ip_proto', 17),
      exactly('udp_dst', n),
    );
    const some = { field: 'ipv4_src' as const, value: Uint8Array.of(10 & bits, 0, 0, 0) };
    const more = bits === 0 ? [] : [{ ...some, mask: Uint8Array.of(bits, 0, 0, 0) }];
    return {
      id: flowId(n),
      match: { ...match, fields: [...match.fields, ...more] },
      actions: [{ kind: 'output', port: output }],
    };
  }

  function frame(n: number): Buffer {
    const ip = { src: Buffer.from([10, 0, 0, 1]), dst: Buffer.from([10, 0, 0, 2]) };
    const header = { ...ip, protocol: 17, ttl: 64, tos: 0 };
    const payload = ipv4(header, 1, udp(header, 5, n, Buffer.concat([MARKER, Buffer.alloc(4)])));
    const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
    return ethernet({ ...macs, etherType: 0x0800, payload });
  }

  const receivedBy = (port: string) => world.received(world.port(port).vm);

  it('carries a flow on while masks and entries of others come and go', async () => {
    await backend.apply([{ kind: 'put', flow: flow(1, outPort) }], never());
    const frames = [frame(1), frame(2)];
    const how = { packetsPerSecond: RATE, rounds: ROUNDS };
    const sender = await startSender(world.port(inPort).vm, frames, how, world.folder);
    const ended = sender.waitForLine((line) => line.startsWith('sent '), 30_000, 'end');
    const sending = { now: true };
    void ended.finally(() => (sending.now = false)).catch(() => undefined);
    let changes = 0;
    for (let bits = 1; sending.now; bits = (bits % 255) + 1) {
      // The same flow under a new mask each time: the set of masks changes with it.
      const results = await backend.apply(
        [
          { kind: 'delete', id: flowId(2) },
          { kind: 'put', flow: flow(2, otherPort, bits) },
        ],
        never(),
      );
      assert.ok(results.every((result) => result.ok));
      changes++;
      await sleep(2);
    }
    await ended;
    await sleep(200);
    assert.ok(changes > 20, `only ${changes} changes`);
    assert.equal(await receivedBy(outPort), ROUNDS, 'the flow that stays lost nothing');
    const other = await receivedBy(otherPort);
    assert.equal(other + passed.frames.length, ROUNDS, 'the flow that comes and goes, too');
    const sums = await carried(backend);
    assert.equal(sums.get(idText(flow(1, outPort)))?.packets, ROUNDS);
    assert.equal(sums.get(idText(flow(2, outPort)))?.packets, other);
    assert.ok(other > 0 && passed.frames.length < ROUNDS);
  });

  it('sends nothing to a device that has the ifindex of one that is gone', async () => {
    await backend.apply([{ kind: 'put', flow: flow(1, outPort) }], never());
    const how = { packetsPerSecond: RATE, rounds: 0 };
    const sender = await startSender(world.port(inPort).vm, [frame(1)], how, world.folder);
    const { vm, ifindex } = world.port(outPort);
    const before = await waitFor(
      'traffic',
      async () => {
        const count = await world.received(vm);
        return count > 0 ? count : undefined;
      },
      { timeoutMs: 5_000 },
    );
    assert.ok(before > 0);
    await world.removePort(outPort);
    const fresh = await world.makePort(outPort, vm, { ifindex });
    assert.equal(fresh.ifindex, ifindex, 'the ifindex was not to be had again');
    const passedBefore = passed.frames.length;
    await sleep(500);
    // The backend is not notified yet: the kernel removed the device from the map.
    assert.equal(await world.received(fresh.vm), 0);
    assert.ok(passed.frames.length > passedBefore, 'the vSwitch has the packets');
    await sender.stop();
    const gone = await backend.portsChanged(world.snapshot());
    assert.deepEqual(gone, [flowId(1)]);
  });
});
