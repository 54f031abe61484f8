import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FlowView } from '../../api/flow-views.ts';
import { type LogLine, NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { FastPathNode, VM } from '../../lab/testbed/fast-path/node.ts';
import { SWITCH_PORTS, TRUNK } from '../../lab/testbed/fast-path/parts.ts';
import { ethernet, ipv4, MARKER, udp } from '../../lab/testbed/frames.ts';
import type { ManagedProcess } from '../../lab/testbed/managed-process.ts';
import { BRIDGE } from '../../lab/testbed/node.ts';
import { Capture, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { needs } from '../support/needs.ts';

const LEASE_MS = 3_000;
const MOVE_MS = 15_000;
const RATE = 400;

/** What comes in by the trunk and is busy takes the fast path; the receiver's ICMP answers are not. */
const POLICY = {
  name: 'eager',
  version: '1.0.0',
  rules: [
    {
      name: 'moving',
      conditions: {
        all: [
          { fact: 'inPort', operator: 'equal', value: TRUNK },
          { fact: 'ethSrc', operator: 'equal', value: '02:0a:00:00:00:01' },
          { fact: 'lastPacketsPerSecond', operator: 'greaterThan', value: 20 },
        ],
      },
      event: { type: 'fast-path' },
    },
  ],
};

describe('on the real node, the fast path', function () {
  this.timeout(90_000);
  let node: FastPathNode;
  let capture: Capture;
  let stream: ManagedProcess;
  let daemon: NorikaeDaemon;

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'debian-python3');
    node = await FastPathNode.start('OpenFlow13');
    // The vSwitch forgets flows it does not see for so long: three heartbeats.
    await node.ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=3000');
    await writeFile(policyFile(node), JSON.stringify(POLICY));
    capture = await Capture.start(node.receiver);
    const sending = { packetsPerSecond: RATE, rounds: 0 };
    stream = await startSender(node.sender, frames(), sending, node.ovs.runDir);
    daemon = await start('keep');
  });
  after(async () => {
    await stream?.stop();
    await daemon?.stop();
    await node?.stop();
  });

  const start = (onExit: 'keep' | 'withdraw') =>
    NorikaeDaemon.start(node, {
      policies: [policyFile(node)],
      backend: { adapter: 'none' },
      planner: { minHoldMs: 0 },
      onExit,
      fastPath: {
        adapter: 'openflow',
        connect: node.switchTarget,
        ports: { ...SWITCH_PORTS, vswitch: TRUNK, vms: [VM] },
        leaseMs: LEASE_MS,
        heartbeatMs: 1_000,
        journal: join(node.ovs.runDir, 'rules'),
      },
    });
  const isOurs = (flow: FlowView) => flow.inPort === TRUNK && flow.match.includes(node.senderMac);
  const onFastPath = () =>
    daemon.waitForFlow(
      'on the fast path',
      (flow) => isOurs(flow) && flow.placement === 'fast-path',
      MOVE_MS,
    );
  const rules = async (): Promise<number> => {
    const text = await node.switch.ofctl(
      'dump-flows',
      BRIDGE,
      'cookie=0x4e4b000000000000/0xffff800000000000',
    );
    return text.split('\n').filter((line) => line.includes('cookie=')).length;
  };
  /** Packets a second that the receiver gets, over a while. */
  const received = async (ms: number): Promise<number> => {
    capture.take();
    await sleep(ms);
    return (capture.take().length * 1_000) / ms;
  };

  it('keeps a flow for longer than the vSwitch would remember it, and shows it to it meanwhile', async () => {
    await onFastPath();
    const left: LogLine[] = [];
    const off = daemon.onLog((line) => {
      if (line.msg === 'placed' && hasLeft(line)) left.push(line);
    });
    const before = await onFastPath();
    assert.ok((await received(10_000)) > 0.8 * RATE, 'packets arrive');
    const after = await onFastPath();
    off();
    assert.deepEqual(left, [], 'it never left');
    assert.ok(after.ageMs > 10_000, `it is the same flow, ${after.ageMs} ms old`);
    const seen = after.vswitchBytes - before.vswitchBytes;
    const carried = after.carriedBytes - before.carriedBytes;
    assert.ok(seen > 0 && seen < 0.3 * carried, `vSwitch ${seen}, fast path ${carried} bytes`);
  });

  it("releases a flow at once when the vSwitch's rules drop it", async () => {
    const { id } = await onFastPath();
    let goneAt: number | undefined;
    const off = daemon.onLog((line) => {
      if (line.msg !== 'placed' || line.flow !== id || !hasLeft(line)) return;
      goneAt ??= Number(line.atWallMs);
    });
    const startedMs = Date.now();
    await node.ovs.ofctl(
      'add-flow',
      BRIDGE,
      `priority=9,in_port=1,dl_src=${node.senderMac},actions=drop`,
    );
    await waitFor('the rule is gone', () => goneAt, { timeoutMs: 5_000 });
    off();
    assert.ok((goneAt ?? 0) - startedMs < 1_000, `${(goneAt ?? 0) - startedMs} ms`);
    await sleep(500);
    assert.equal(await received(1_000), 0, 'what the vSwitch drops is dropped');
    await node.ovs.ofctl(
      '--strict',
      'del-flows',
      BRIDGE,
      `priority=9,in_port=1,dl_src=${node.senderMac}`,
    );
    await waitFor('packets again', async () => ((await received(200)) > 0 ? true : undefined), {
      timeoutMs: 5_000,
    });
  });

  it('gets its rules back after the switch has lost them', async () => {
    await onFastPath();
    await node.switch.stopVswitchd('SIGKILL');
    await sleep(500);
    await node.switch.startVswitchd();
    const up = () => node.switch.ofctl('show', BRIDGE);
    await waitFor('the bridge', up, { timeoutMs: MOVE_MS });
    for (const rule of ['1,actions=output:2', '2,actions=output:1', '3,actions=output:1']) {
      await node.switch.ofctl('add-flow', BRIDGE, `priority=100,in_port=${rule}`);
    }
    await waitFor('a rule', async () => ((await rules()) > 0 ? true : undefined), {
      timeoutMs: MOVE_MS,
    });
    await onFastPath();
    assert.ok((await received(2_000)) > 0.7 * RATE);
  });

  it('is adopted by the next daemon without interruption', async () => {
    await onFastPath();
    assert.equal(await daemon.stop(), 0);
    assert.equal(await rules(), 1, 'what was kept stays for its lease');
    const arriving = received(2_500);
    daemon = await start('withdraw');
    assert.ok((await arriving) > 0.8 * RATE, 'no dip');
    await onFastPath();
  });

  it('is left within the lease when the daemon is killed', async () => {
    await onFastPath();
    assert.equal(await rules(), 1);
    await daemon.kill();
    const killedMs = performance.now();
    await waitFor('its rule is gone', async () => ((await rules()) === 0 ? true : undefined), {
      timeoutMs: LEASE_MS + 2_000,
    });
    // The command that looks takes its time, too.
    assert.ok(performance.now() - killedMs < LEASE_MS + 500);
    assert.ok((await received(2_000)) > 0.8 * RATE, 'the slow path has it');
    daemon = await start('withdraw');
    await onFastPath();
    assert.equal(await daemon.stop(), 0);
    assert.equal(await rules(), 0, 'nothing stays behind');
    assert.match(await node.switch.ofctl('dump-flows', BRIDGE), /priority=100/);
  });
});

function policyFile(node: FastPathNode): string {
  return join(node.ovs.runDir, 'policy.json');
}

/** From the sender to the receiver, by way of whoever routes. */
function frames(): readonly Buffer[] {
  return Array.from({ length: 50 }, (_, i) => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(i);
    const [src, dst] = [Buffer.from([10, 1, 0, 2]), Buffer.from([10, 2, 0, 2])];
    const ip = { src, dst, protocol: 17, ttl: 64, tos: 0 };
    const payload = ipv4(ip, i, udp(ip, 4_000, 4_001, Buffer.concat([MARKER, number])));
    const macs = { src: '02:0a:00:00:00:01', dst: '02:0a:00:00:00:fe' };
    return ethernet({ ...macs, etherType: 0x0800, payload });
  });
}

/** True of the log of a flow that is on no backend any more. */
function hasLeft({ placement }: LogLine): boolean {
  return placement === 'onload' || placement === 'gone';
}
