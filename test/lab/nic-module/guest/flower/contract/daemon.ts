import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicMs } from '../../../../../../async/monotonic.ts';
import { mountBpffs } from '../../../../../../lab/testbed/bpffs.ts';
import { Cleanup } from '../../../../../../lab/testbed/cleanup.ts';
import { type DaemonSettings, NorikaeDaemon } from '../../../../../../lab/testbed/daemon.ts';
import type { ManagedProcess } from '../../../../../../lab/testbed/managed-process.ts';
import { NameMaker } from '../../../../../../lab/testbed/names.ts';
import { OvsInstance } from '../../../../../../lab/testbed/ovs.ts';
import { PacketSocket } from '../../../../../../lab/testbed/packet-socket.ts';
import { sleep, waitFor } from '../../../../../../lab/testbed/wait.ts';
import { packageRoot } from '../../../../../../platform/package-root.ts';
import { EAGER, udpFrames } from '../../../../../node/fixture.ts';
import { needs } from '../../../../../support/needs.ts';
import { NicRig } from '../../support/rig.ts';
import { LinkCounters } from '../support/link-counters.ts';

const BRIDGE = 'br0';
/** An emulated processor takes half a minute to load the daemon. */
const READY = { timeoutMs: 120_000, everyMs: 1_000 };
const CARRIED = { timeoutMs: 30_000, everyMs: 250 };
/** Longer than a daemon takes to start, so that the next one finds the rules in force. */
const LONG_LEASE_MS = 60_000;
/** An emulated processor needs a second or two for a reading. */
const LEASE_MS = 8_000;
const PERIOD_MS = 50;
/** A second of traffic, of which heartbeats may show the vSwitch a part. */
const MAX_HEARTBEAT_PACKETS = 20;

/** Sends a frame of one flow every {@link PERIOD_MS}, until it is stopped. */
class SteadySender {
  sent = 0;
  readonly #socket: PacketSocket;
  readonly #timer: NodeJS.Timeout;

  constructor(namespace: string) {
    const [frame] = udpFrames(1, 1);
    this.#socket = new PacketSocket(namespace, 'eth0');
    this.#timer = setInterval(() => {
      this.#socket.send(frame);
      this.sent++;
    }, PERIOD_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }
}

describe('the daemon with rules in hardware', function () {
  this.timeout(240_000);
  const cleanup = new Cleanup();
  let rig: NicRig;
  let ovs: OvsInstance;
  let pinPath = '';
  let daemon: NorikaeDaemon | undefined;
  let sender: SteadySender;
  let remote: LinkCounters;
  let representor = '';

  before(async function () {
    needs(this, 'kernel-lab', 'nic-module', 'root', 'netns', 'nft', 'ovs');
    rig = await NicRig.start({ entries: 64 });
    const { uplink, representors } = rig.nic.devices;
    representor = representors[0] ?? '';
    const names = new NameMaker();
    ovs = await OvsInstance.start(cleanup, names, [], ['other_config:max-idle=600000'], 'shared');
    const datapath = ['--', 'set', 'Bridge', BRIDGE, 'datapath_type=system', 'fail_mode=secure'];
    const ports = [representor, uplink].flatMap((name, n) => {
      const column = `ofport_request=${n + 1}`;
      return ['--', 'add-port', BRIDGE, name, '--', 'set', 'Interface', name, column];
    });
    await ovs.vsctl('add-br', BRIDGE, ...datapath, ...ports);
    await ovs.ofctl('add-flow', BRIDGE, 'in_port=1,actions=output:2');
    const folder = await mkdtemp(join(tmpdir(), 'norikae-flower-'));
    await mountBpffs(cleanup, join(folder, 'bpf'));
    pinPath = join(folder, 'bpf', 'pins');
    remote = new LinkCounters(rig.remote.name);
    sender = new SteadySender(rig.vms[0].name);
  });

  after(async () => {
    sender?.stop();
    remote?.close();
    await daemon?.stop();
    await cleanup.run();
    await rig?.stop();
  });

  /** The daemon of the test before, or a new one. */
  async function running(leaseMs: number): Promise<NorikaeDaemon> {
    daemon ??= await start(leaseMs);
    await carried();
    return daemon;
  }

  async function start(leaseMs: number): Promise<NorikaeDaemon> {
    const settings: DaemonSettings = {
      ready: READY,
      policies: [EAGER],
      planner: { minHoldMs: 0 },
      poll: { periodMs: 250 },
      backend: { adapter: 'flower', leaseMs, heartbeatMs: 1_000 },
      onExit: 'withdraw',
    };
    return NorikaeDaemon.start({ ovs, pinPath }, settings);
  }

  /** Starts another daemon with the same pins, and a control socket of its own. */
  async function startBeside(first: NorikaeDaemon): Promise<ManagedProcess> {
    const text = await readFile(first.configFile, 'utf8');
    const file = join(ovs.runDir, 'next.json');
    await writeFile(file, text.replaceAll('norikae.sock', 'next.sock'));
    const command = join(packageRoot(), 'dist', 'cli', 'main.js');
    return ovs.host.spawn('next norikae', process.execPath, [command, 'run', '--config', file]);
  }

  /** Rules in the NIC. */
  const rules = async (): Promise<number> => (await rig.nic.counters(representor)).table_entries;

  /** Waits until the NIC carries the flow. */
  async function carried(): Promise<void> {
    const { hw_packets: before } = await rig.nic.counters(representor);
    const look = async () =>
      (await rig.nic.counters(representor)).hw_packets > before + 10 ? true : undefined;
    try {
      await waitFor('the NIC carries the flow', look, CARRIED);
    } catch (cause) {
      throw new Error(`the NIC does not carry the flow:\n${daemon?.process.tail()}`, { cause });
    }
  }

  /** Waits until no rule is left; returns how long it took, ms. */
  async function withoutRules(sinceMs: number): Promise<number> {
    const look = async () => ((await rules()) === 0 ? true : undefined);
    await waitFor('no rule is left', look, { timeoutMs: 20_000, everyMs: 50 });
    return monotonicMs() - sinceMs;
  }

  /** What arrives at the far end of the wire while so many are sent, all of them on the vSwitch. */
  async function assertOnVswitch(): Promise<void> {
    const before = await rig.nic.counters(representor);
    const arrivedBefore = await remote.received('eth0');
    const sentBefore = sender.sent;
    await waitFor('20 packets', () => (sender.sent - sentBefore >= 20 ? true : undefined), {
      timeoutMs: 20_000,
    });
    const after = await rig.nic.counters(representor);
    const arrived = (await remote.received('eth0')) - arrivedBefore;
    assert(arrived >= 19, `${arrived} of 20 packets have arrived`);
    assert(after.hw_misses - before.hw_misses >= 20, 'they went to the vSwitch');
    assert.equal(after.hw_packets, before.hw_packets, 'none went past it');
  }

  it('carries a flow past the vSwitch, and counts it', async () => {
    daemon = await running(LONG_LEASE_MS);
    const flow = await daemon.waitForFlow(
      'the flow has been carried',
      ({ inPort, placement, carriedBytes }) =>
        inPort === representor && placement === 'offload' && carriedBytes > 0,
      CARRIED.timeoutMs,
      500,
    );
    const answer = await daemon.control.why(flow.id);
    assert.equal(answer.found && answer.why.hook?.hook, 'flower');
  });

  it('leaves the rules to the next daemon, without a dip', async () => {
    const first = await running(LONG_LEASE_MS);
    // It loads while the first one runs, and waits for its pins.
    const next = await startBeside(first);
    await next.waitForLine((line) => line.includes('is in use by another daemon'), 120_000, 'wait');
    const before = await rig.nic.counters(representor);
    assert(before.table_entries > 0);
    const started = next.waitForLine(
      (line) => line.includes('tc flower in hardware'),
      60_000,
      'it',
    );
    await first.kill();
    await started;
    const after = await rig.nic.counters(representor);
    assert(after.hw_packets > before.hw_packets);
    // A heartbeat takes the rule out every 4 s, for a tenth of a second and the time of two requests.
    const misses = after.hw_misses - before.hw_misses;
    assert(misses < MAX_HEARTBEAT_PACKETS, `${misses} packets went to the vSwitch`);
    await carried();
    await next.stop(20_000);
    daemon = undefined;
  });

  it('gives traffic back within the lease when it is frozen, and takes it again', async () => {
    const { pid } = (await running(LEASE_MS)).process;
    process.kill(pid, 'SIGSTOP');
    const tookMs = await withoutRules(monotonicMs());
    console.log(`      rules gone after ${Math.round(tookMs)} ms`);
    assert(tookMs <= LEASE_MS, `${tookMs} ms`);
    await assertOnVswitch();
    process.kill(pid, 'SIGCONT');
    await carried();
  });

  it('gives traffic back within the lease when it is killed', async () => {
    (await running(LEASE_MS)).process.kill('SIGKILL');
    const tookMs = await withoutRules(monotonicMs());
    console.log(`      rules gone after ${Math.round(tookMs)} ms`);
    assert(tookMs <= LEASE_MS, `${tookMs} ms`);
    await assertOnVswitch();
    daemon = undefined;
    // Its watchdog has ended, too.
    await sleep(500);
    const left = spawnSync('pgrep', ['-f', 'flower/watchdog-main.js'], { encoding: 'utf8' });
    assert.equal(left.stdout, '');
  });
});
