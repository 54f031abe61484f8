import { readFile } from 'node:fs/promises';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { ethernet } from '../../lab/testbed/frames.ts';
import type { ManagedProcess } from '../../lab/testbed/managed-process.ts';
import { sendFrames, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { macsOf, NodeFixture } from './fixture.ts';

const ETHER_TYPE = 0x88b5;
/**
 * To make the flows appear, and of all flows together from then on: a sender that falls behind on a
 * busy machine and catches up must not look like traffic that begins.
 */
const FILL_PACKETS_PER_SECOND = 1_000;
const IDLE_PACKETS_PER_SECOND = 100;
/** Time for the idle period to reach its maximum, ms. */
const QUIET_MS = 90_000;
/** proc(5): unit of the CPU times of a process, ms. */
const CLOCK_TICK_MS = 10;

/** The vSwitch has fewer flows than were sent. */
class TooFewFlows extends Error {
  override readonly name = 'TooFewFlows';
}

/** A vSwitch with thousands of flows that no policy offloads, and a daemon that is idle. */
export class IdleRig {
  readonly fixture: NodeFixture;
  readonly #senders: ManagedProcess[] = [];

  private constructor(fixture: NodeFixture) {
    this.fixture = fixture;
  }

  /** Starts a node with so many flows, all of them alive. */
  static async start(flows: number): Promise<IdleRig> {
    const rig = new IdleRig(await NodeFixture.start());
    try {
      await rig.#fill(flows);
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  async stop(): Promise<void> {
    for (const sender of this.#senders.splice(0)) await sender.stop();
    await this.fixture.tidy();
    await this.fixture.node.stop();
  }

  /** Resolves when the daemon reads the flows as rarely as it ever does. */
  async untilQuiet(daemon: NorikaeDaemon, periodMs: number): Promise<void> {
    const look = async () =>
      (await daemon.control.status()).tick.periodMs >= periodMs ? true : undefined;
    await waitFor('the longest idle period', look, { timeoutMs: QUIET_MS, everyMs: 500 });
  }

  /** Share of a CPU that ovs-vswitchd takes during `ms` from now, and ticks of the daemon. */
  async measure(daemon: NorikaeDaemon, ms: number): Promise<{ cpu: number; ticks: number }> {
    const { sequence } = (await daemon.control.status()).tick;
    const cpu = await this.vswitchCpu(ms);
    return { cpu, ticks: (await daemon.control.status()).tick.sequence - sequence };
  }

  /** Share of a CPU that ovs-vswitchd takes during `ms` from now. */
  async vswitchCpu(ms: number): Promise<number> {
    const [cpuMs, atMs] = [await this.#vswitchCpuMs(), performance.now()];
    await sleep(ms);
    return ((await this.#vswitchCpuMs()) - cpuMs) / (performance.now() - atMs);
  }

  /** Sends frames from the sender until the rig is stopped. */
  async send(frames: readonly Buffer[], packetsPerSecond: number): Promise<void> {
    const { sender, node } = this.fixture;
    const options = { packetsPerSecond, rounds: 0 };
    this.#senders.push(await startSender(sender.namespace, frames, options, node.ovs.runDir));
  }

  async #fill(flows: number): Promise<void> {
    const { ovs } = this.fixture.node;
    await ovs.vsctl('set', 'Open_vSwitch', '.', 'other_config:max-idle=600000');
    await this.fixture.rules(
      `priority=9,in_port=1,dl_src=${macsOf(1).src},actions=output:2`,
      'priority=0,actions=NORMAL',
    );
    const frames = Array.from({ length: flows }, (_, n) => frameOf(n));
    await sendFrames(this.fixture.sender.namespace, frames, FILL_PACKETS_PER_SECOND, ovs.runDir);
    const present = (await ovs.dumpFlows()).length;
    if (present < flows) throw new TooFewFlows(`${present} flows of ${flows}`);
    await this.send(frames, IDLE_PACKETS_PER_SECOND);
  }

  async #vswitchCpuMs(): Promise<number> {
    const pid = this.fixture.node.ovs.vswitchdPid;
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // After the name in parentheses; utime and stime are fields 14 and 15 of the line.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS;
  }
}

/** Not IP, so that the default policy requests nothing for its flow. */
function frameOf(n: number): Buffer {
  const src = `02:66:00:00:${hex(n >> 8)}:${hex(n & 0xff)}`;
  return ethernet({
    src,
    dst: '02:66:ff:00:00:01',
    etherType: ETHER_TYPE,
    payload: Buffer.alloc(46),
  });
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
