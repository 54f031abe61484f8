import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { FlowAction } from '../../../../engine/model/action.ts';
import type { FieldMatch } from '../../../../engine/model/match.ts';
import { MARKER, ethernet, ipv4, udp } from '../../../../lab/testbed/frames.ts';
import { Capture, sendFrames } from '../../../../lab/testbed/packets.ts';
import { sleep } from '../../../../lab/testbed/wait.ts';
import { never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { compiled } from '../support/object.ts';
import type { PassedFrames } from '../support/passed.ts';
import { tableAt } from '../support/tables.ts';
import { World } from '../support/world.ts';
import { SHARED_HOOKS } from './support/hooks.ts';

/**
 * A VM that sends from a VLAN device on its veth hands the kernel an untagged frame with the tag beside it.
 * XDP that does not read the metadata matches the packet as untagged. At tc ingress the kernel keeps the outer
 * tag beside the packet, whether its sender did so or wrote it into the frame.
 */
for (const { name: hook, need, mode, listen } of SHARED_HOOKS) {
  describe(`${hook} and VLAN tags`, function () {
    this.timeout(30_000);
    let world: World;
    let backend: HostBackend;
    let passed: PassedFrames;
    let received: Capture;
    let inPort = '';
    let outPort = '';

    before(async function () {
      needs(this, 'root', 'netns', need, 'debian-python3');
      world = await World.create(2);
      [inPort, outPort] = world.names();
      const { vm } = world.port(inPort);
      const program = compiled('push-tag', world.folder);
      await vm.exec('tc', ['qdisc', 'add', 'dev', 'eth0', 'clsact']);
      const filter = ['bpf', 'direct-action', 'object-file', program, 'section', 'tc'];
      await vm.exec('tc', ['filter', 'add', 'dev', 'eth0', 'egress', ...filter]);
      passed = await listen(world, inPort);
      received = await Capture.start(world.port(outPort).vm);
      backend = tableAt(hook, {
        pinPath: world.pinPath(),
        entries: 16,
        masks: 8,
        leaseMs: 60_000,
        heartbeatMs: 0,
      });
      await backend.start(world.snapshot(), never());
      await backend.renewLease(monotonicMs());
    });

    after(async () => {
      await backend?.close('withdraw');
      await world?.close();
    });

    beforeEach(async () => {
      await backend.withdrawAll();
      passed.frames.length = 0;
      received.take();
    });

    /** A datagram to which the VM's kernel adds a tag: VLAN 7, priority 5. */
    async function sendTagged(): Promise<void> {
      const ip = { src: Buffer.from([10, 7, 0, 1]), dst: Buffer.from([10, 7, 0, 2]) };
      const header = { ...ip, protocol: 17, ttl: 64, tos: 0 };
      const data = Buffer.concat([MARKER, Buffer.alloc(50)]);
      const payload = ipv4(header, 1, udp(header, 5, 9, data));
      const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
      const frame = ethernet({ ...macs, etherType: 0x0800, payload });
      await sendFrames(world.port(inPort).vm, [frame], 1_000, world.folder);
      await sleep(100);
    }

    async function install(
      fields: readonly FieldMatch[],
      ...before: readonly FlowAction[]
    ): Promise<void> {
      const match = matchOn(inPort, exactly('eth_type', 0x0800), ...fields);
      const actions: FlowAction[] = [...before, { kind: 'output', port: outPort }];
      const flow = { id: flowId(1), match, actions };
      const [result] = await backend.apply([{ kind: 'put', flow }], never());
      assert.ok(result.ok, JSON.stringify(result));
    }

    const tagged = [exactly('vlan_tpid', 0x8100), exactly('vlan_vid', 7)];
    const tagOf = (frame: Buffer) => frame.subarray(12, 18).toString('hex');

    it('is active: the tag is in metadata, not in the frame', async () => {
      const { vm } = world.port(inPort);
      assert.match(await vm.exec('ethtool', ['-k', 'eth0']), /tx-vlan-offload: on/);
      assert.ok(backend.ports().every((port) => port.mode === mode));
    });

    it('does not match a tagged packet as untagged', async () => {
      await install([]);
      await sendTagged();
      assert.equal(received.take().length, 0);
      assert.deepEqual(passed.frames.map(tagOf), ['8100a0070800'], 'whole, with its tag');
    });

    it('matches the tag, and writes it into the frame it forwards', async () => {
      await install(tagged);
      await sendTagged();
      assert.deepEqual(
        received.take().map((f) => tagOf(f.bytes)),
        ['8100a0070800'],
      );
      assert.equal(passed.frames.length, 0);
    });

    it('pops the tag', async () => {
      await install(tagged, { kind: 'pop-vlan' });
      await sendTagged();
      const frames = received.take();
      assert.deepEqual(
        frames.map((f) => f.bytes.subarray(12, 16).toString('hex')),
        ['08004500'],
      );
    });

    it('changes the tag, and counts it as part of the frame', async () => {
      const push = { kind: 'push-vlan', tpid: 0x88a8, vid: 99, pcp: 3 } as const;
      await install(tagged, { kind: 'pop-vlan' }, push);
      await backend.counters({ carried: () => undefined }, never());
      await sendTagged();
      const frames = received.take();
      assert.deepEqual(
        frames.map((f) => tagOf(f.bytes)),
        ['88a860630800'],
      );
      let bytes = 0;
      await backend.counters({ carried: (_a, _b, _c, _d, _p, sum) => void (bytes = sum) }, never());
      assert.equal(bytes, frames[0].bytes.length);
    });

    it('pushes a second tag', async () => {
      await install(tagged, { kind: 'push-vlan', tpid: 0x88a8, vid: 99, pcp: 0 });
      await sendTagged();
      assert.deepEqual(
        received.take().map((f) => f.bytes.subarray(12, 22).toString('hex')),
        ['88a800638100a0070800'],
      );
    });
  });
}
