import assert from 'node:assert/strict';
import { release } from 'node:os';
import type { FlowView } from '../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import {
  Capture,
  sendFrames,
  sequenceOf,
  startSender,
  stopSender,
} from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { NodeFixture, udpFrames } from '../node/fixture.ts';
import { needs } from '../support/needs.ts';
import { isAtLeast } from './support/kernel-release.ts';

/** An emulated processor takes half a minute to load the daemon, more beside another one. */
const READY = { timeoutMs: 150_000, everyMs: 1_000 };
const PACKETS_PER_SECOND = 20;
const LEASE_MS = 3_000;
/** Packets of a flow that a backend must carry. */
const CARRIED_PACKETS = 125;
/** Those of the systemd unit (`test/node/capabilities.test.ts`). */
const CAPABILITIES = ['bpf', 'net_admin', 'perfmon'];
/** The policy asks for the entry at once; an emulated processor takes seconds to install it. */
const CARRIED_MS = 20_000;

/**
 * Adapters, and the hook that serves a veth on this kernel; with one of them, flows are read from the kernel.
 * XDP serves no veth before Linux 6.8 (`compare.test.ts`).
 */
const BACKENDS: readonly {
  readonly adapter: 'auto' | 'xdp';
  readonly hook: 'xdp' | 'tcx' | 'cls_bpf';
  readonly readFlowsFrom: 'kernel' | 'ovs-vswitchd';
}[] = [
  ...(isAtLeast(6, 8)
    ? [{ adapter: 'xdp', hook: 'xdp', readFlowsFrom: 'ovs-vswitchd' } as const]
    : []),
  { adapter: 'auto', hook: isAtLeast(6, 6) ? 'tcx' : 'cls_bpf', readFlowsFrom: 'kernel' },
];

const RULES = ['in_port=1,actions=output:2', 'in_port=2,actions=output:1'];

/** What a backend carries now: a flow from the first VM whose entry has carried packets. */
function isCarried(flow: FlowView): boolean {
  return flow.inPort === 'vm1' && flow.placement === 'offload' && flow.carriedBytes > 0;
}

for (const { adapter, hook, readFlowsFrom } of BACKENDS) {
  const how = `backend ${adapter}, flows from ${readFlowsFrom}`;
  describe(`the daemon on the datapath of kernel ${release()}, ${how}`, function () {
    this.timeout(180_000);
    let fixture: NodeFixture | undefined;
    let daemon: NorikaeDaemon | undefined;
    let capture: Capture | undefined;

    before(async function () {
      needs(this, 'kernel-lab', 'root', 'netns', 'ovs', 'debian-python3');
      fixture = await NodeFixture.start('system');
      await fixture.rules(...RULES);
      // A megaflow stays while an emulated processor starts the sender of the next packets.
      await fixture.node.ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=600000');
      const backend = { adapter, leaseMs: LEASE_MS };
      const settings = {
        ready: READY,
        ovs: { readFlowsFrom },
        poll: { periodMs: 500 },
        backend,
        capabilities: CAPABILITIES,
      };
      daemon = await fixture.startDaemon(settings);
      capture = await Capture.start(fixture.receiver.namespace);
    });

    after(async () => {
      await fixture?.tidy();
      await fixture?.node.stop();
    });

    /** Packets that the kernel datapath has looked up: hits, and misses that ovs-vswitchd handled. */
    async function lookups(): Promise<number> {
      const shown = await fixture?.node.ovs.appctl('dpctl/show');
      const [, hits, misses] = /lookups: hit:(\d+) missed:(\d+)/.exec(shown ?? '') ?? [];
      return Number(hits) + Number(misses);
    }

    function send(frames: readonly Buffer[], rounds: number) {
      assert(fixture !== undefined);
      const { node, sender } = fixture;
      const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds };
      return startSender(sender.namespace, frames, sending, node.ovs.runDir);
    }

    /**
     * Sends the first frame alone and waits for it, so that the datapath has a megaflow. While
     * ovs-vswitchd makes one, later packets can overtake the first.
     */
    async function sendFirst(frames: readonly Buffer[]): Promise<readonly Buffer[]> {
      assert(fixture !== undefined && capture !== undefined);
      const { node, sender } = fixture;
      await sendFrames(sender.namespace, frames.slice(0, 1), PACKETS_PER_SECOND, node.ovs.runDir);
      await captured(1);
      return frames.slice(1);
    }

    /** Waits until the capture, which reads from a process of its own, has so many packets. */
    async function captured(count: number): Promise<void> {
      const complete = () => ((capture?.frames.length ?? 0) >= count ? true : undefined);
      await waitFor(`${count} packets in the capture`, complete, { timeoutMs: 10_000 });
    }

    /** Waits until the backend carries the flow; a failure says why it does not. */
    async function carriedFlow(): Promise<FlowView> {
      assert(daemon !== undefined);
      const waiting = daemon.waitForFlow(
        'a flow that the backend carries',
        isCarried,
        CARRIED_MS,
        500,
      );
      const running = daemon;
      return waiting.catch(async (error: unknown) => {
        const flows = await running.flows();
        const reasons = flows.map(
          (flow) => `${flow.match}: ${flow.placement}, ${flow.reason.text}`,
        );
        throw new Error([...reasons, running.process.tail()].join('\n'), { cause: error });
      });
    }

    it('offloads a flow whose packets all arrive once, in order, and are all counted', async () => {
      assert(daemon !== undefined && capture !== undefined);
      const frames = udpFrames(1, 60 * PACKETS_PER_SECOND);
      const frameBytes = frames[0].length;
      const before = await lookups();
      const stream = await send(await sendFirst(frames), 1);
      const carried = await carriedFlow();
      assert.equal(carried.reason.code, 'placed');
      const answer = await daemon.control.why(carried.id);
      assert.equal(answer.found && answer.why.hook?.hook, hook);
      await daemon.waitForFlow(
        `${CARRIED_PACKETS} packets by the backend`,
        (flow) => isCarried(flow) && flow.carriedBytes >= CARRIED_PACKETS * frameBytes,
        CARRIED_MS,
        500,
      );
      const count = 1 + (await stopSender(stream));
      // Several readings later, so that the counters of both paths are complete.
      await sleep(3_000);
      const flow = (await daemon.flows()).find(({ inPort }) => inPort === 'vm1');
      assert(flow !== undefined);
      assert.equal((await lookups()) - before + flow.carriedBytes / frameBytes, count);
      const arrived = capture.take().map(({ bytes }) => sequenceOf(bytes));
      assert.deepEqual(
        arrived,
        Array.from({ length: count }, (_, i) => i),
      );
    });

    // On the older kernel the test of policing takes its time.
    if (readFlowsFrom === 'kernel' && hook === 'tcx') {
      it('places a flow again when ovs-vswitchd has restarted', async () => {
        assert(fixture !== undefined && daemon !== undefined && capture !== undefined);
        const { ovs } = fixture.node;
        const running = daemon;
        capture.take();
        const stream = await send(udpFrames(1, 10_000, 10_000), 1);
        const { id } = await carriedFlow();
        const answer = await running.control.why(id);
        assert(answer.found);
        assert.equal(answer.why.flow.placement, 'offload');
        await ovs.stopVswitchd();
        await ovs.startVswitchd();
        await fixture.rules(...RULES);
        const since = (await running.control.status()).tick.sequence;
        const again = async () => {
          const { tick } = await running.control.status();
          const flow = (await running.flows()).find(isCarried);
          return tick.fresh && tick.sequence > since + 1 ? flow : undefined;
        };
        await waitFor('the flow is carried again', again, { timeoutMs: 60_000, everyMs: 500 });
        await stream.stop();
        const arrived = capture.take().map(({ bytes }) => sequenceOf(bytes));
        assert.equal(new Set(arrived).size, arrived.length, 'no packet arrives twice');
      });
    }

    if (hook === 'cls_bpf') {
      it('gives a port back that the vSwitch is to police, and the vSwitch polices it', async () => {
        assert(fixture !== undefined && daemon !== undefined);
        const { ovs } = fixture.node;
        const tc = (...args: readonly string[]) => ovs.host.exec('tc', args);
        await send(udpFrames(1, 10), 0);
        await carriedFlow();
        assert.match(await tc('qdisc', 'show', 'dev', 'vm1'), /clsact/);
        await ovs.vsctl('set', 'Interface', 'vm1', 'ingress_policing_rate=1000000');
        const isPoliced = async () =>
          /police/.test(await tc('filter', 'show', 'dev', 'vm1', 'parent', 'ffff:'));
        await waitFor(
          'the vSwitch polices the port',
          async () => (await isPoliced()) || undefined,
          {
            timeoutMs: 20_000,
            everyMs: 500,
          },
        );
        await ovs.vsctl('set', 'Interface', 'vm1', 'ingress_policing_rate=0');
        await carriedFlow();
        assert.equal(await isPoliced(), false);
      });
    }

    it('is replaced by the vSwitch within the lease when it is killed', async () => {
      assert(fixture !== undefined && daemon !== undefined && capture !== undefined);
      const { sender } = fixture;
      await send(udpFrames(1, 10), 0);
      await carriedFlow();
      await daemon.kill();
      await sleep(LEASE_MS);
      capture.take();
      const before = await fixture.vswitchPackets(sender);
      await sleep(3_000);
      const onVswitch = (await fixture.vswitchPackets(sender)) - before;
      const arrived = capture.take().length;
      // Entries that still carried would leave one heartbeat a second to the vSwitch.
      assert(arrived >= PACKETS_PER_SECOND, `${arrived} packets have arrived`);
      assert(onVswitch > arrived / 2, `${onVswitch} of ${arrived} packets were on the vSwitch`);
    });
  });
}
