import type { FlowView } from '../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import type { ManagedProcess } from '../../lab/testbed/managed-process.ts';
import { BRIDGE } from '../../lab/testbed/node.ts';
import { Capture, sequenceOf, startSender } from '../../lab/testbed/packets.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { isUdpFlow, macsOf, MOVE_MS, needsRealNode, NodeFixture, udpFrames } from './fixture.ts';

export const LEASE_MS = 1_000;
/** Between the end of a lease and the last packet that the capture has of before it. */
export const MARGIN_MS = 150;
export const PACKETS_PER_SECOND = 500;
/** Distinct numbers of packets, which start again after 40 s. */
const NUMBERS = 20_000;
const FLOW = 1;
const FROM = `in_port=1,dl_src=${macsOf(FLOW).src}`;

/** What is different from a plain node that forwards the stream. */
export interface Surroundings {
  /** Rules of the bridge; left out: one that forwards the stream. */
  readonly rules?: readonly string[];
  /** Settings of `node.ovs`. */
  readonly ovs?: Readonly<Record<string, unknown>>;
  /** Runs before the daemon starts. */
  readonly beforeDaemon?: () => Promise<void>;
}

/** A stream of packets that a daemon offloads, and a capture of what arrives. */
export class LeaseRig {
  readonly fixture: NodeFixture;
  readonly #capture: Capture;
  readonly #frames = udpFrames(FLOW, NUMBERS);
  #sender: ManagedProcess | undefined;

  private constructor(fixture: NodeFixture, capture: Capture) {
    this.fixture = fixture;
    this.#capture = capture;
  }

  static async start(): Promise<LeaseRig> {
    const fixture = await NodeFixture.start();
    return new LeaseRig(fixture, await Capture.start(fixture.receiver.namespace));
  }

  /** Ends what a test has started. */
  async tidy(): Promise<void> {
    await this.#sender?.stop();
    this.#sender = undefined;
    await this.fixture.tidy();
  }

  async stop(): Promise<void> {
    await this.#capture.stop();
    await this.fixture.node.stop();
  }

  /** A daemon that has offloaded the stream from the sender to the receiver. */
  async offloaded(
    poll: Readonly<Record<string, unknown>> = {},
    leaseMs = LEASE_MS,
    { rules, ovs = {}, beforeDaemon }: Surroundings = {},
  ): Promise<NorikaeDaemon> {
    const { fixture } = this;
    await (rules === undefined ? this.forward() : fixture.rules(...rules));
    await beforeDaemon?.();
    const daemon = await this.startDaemon(poll, leaseMs, ovs);
    const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
    const { namespace } = fixture.sender;
    const { runDir } = fixture.node.ovs;
    this.#sender = await startSender(namespace, this.frames(), sending, runDir);
    await this.waitUntilOffloaded(daemon);
    return daemon;
  }

  startDaemon(
    poll: Readonly<Record<string, unknown>> = {},
    leaseMs = LEASE_MS,
    ovs: Readonly<Record<string, unknown>> = {},
  ): Promise<NorikaeDaemon> {
    return this.fixture.startDaemon({ backend: { leaseMs }, poll, ovs });
  }

  async waitUntilOffloaded(daemon: NorikaeDaemon): Promise<void> {
    const test = (flow: FlowView) => this.isIt(flow) && flow.placement === 'offload';
    await daemon.waitForFlow('offloaded', test, MOVE_MS);
    await sleep(300);
  }

  /** True for the stream's flow, also where only its Ethernet addresses are matched. */
  isIt(flow: FlowView): boolean {
    return isUdpFlow(FLOW)(flow);
  }

  /** The frames of the stream, numbered from 0. */
  frames(): readonly Buffer[] {
    return this.#frames;
  }

  /** The vSwitch forwards the stream. */
  async forward(): Promise<void> {
    await this.fixture.rules(`${FROM},actions=output:2`);
  }

  /** The vSwitch drops the stream from now on. */
  async drop(): Promise<void> {
    await this.fixture.node.ovs.ofctl('mod-flows', BRIDGE, `${FROM},actions=drop`);
  }

  /** Numbers of the packets that arrive from now on, until so many have been sent. */
  async numbers(packets: number, timeoutMs: number): Promise<readonly number[]> {
    this.#capture.take();
    const numbers: number[] = [];
    const look = () => {
      for (const { bytes } of this.#capture.take()) numbers.push(sequenceOf(bytes) ?? NaN);
      return numbers.length > 0 && Math.max(...numbers) - numbers[0] >= packets ? true : undefined;
    };
    await waitFor(`${packets} packets were sent`, look, { timeoutMs });
    return numbers;
  }

  /** Times of the packets that arrive during `ms`, from now on, ms. */
  async arrivals(ms: number): Promise<readonly number[]> {
    this.#capture.take();
    const sinceMs = performance.now();
    await sleep(ms);
    return this.#capture.take().map((frame) => frame.atMs - sinceMs);
  }

  /** The same, without those of the first lease. */
  async arrivalsAfterLease(ms: number): Promise<readonly number[]> {
    return (await this.arrivals(ms)).filter((at) => at > LEASE_MS + MARGIN_MS);
  }
}

/** One rig for the tests of a suite: starts it, tidies it after each test, and stops it. */
export function useLeaseRig(): () => LeaseRig {
  let rig: LeaseRig | undefined;
  before(async function () {
    needsRealNode(this);
    rig = await LeaseRig.start();
  });
  afterEach(() => rig?.tidy());
  after(() => rig?.stop());
  return () => {
    if (rig === undefined) throw new Error('the rig is used before it has started');
    return rig;
  };
}

/** Stops the process for longer than its lease while the rule changes; times of later packets, ms. */
export async function arrivalsAfterStop(
  rig: LeaseRig,
  daemon: NorikaeDaemon,
  stoppedMs: number,
): Promise<readonly number[]> {
  daemon.process.kill('SIGSTOP');
  await rig.drop();
  await sleep(stoppedMs);
  const arriving = rig.arrivals(1_000);
  daemon.process.kill('SIGCONT');
  return arriving;
}

/** While vswitchd is stopped: time of the last packet, ms. */
export async function lastWithoutVswitchd(rig: LeaseRig): Promise<number> {
  const pid = rig.fixture.node.ovs.vswitchdPid;
  if (pid === undefined) throw new Error('ovs-vswitchd does not run');
  process.kill(pid, 'SIGSTOP');
  try {
    return (await rig.arrivals(LEASE_MS + 1_000)).at(-1) ?? 0;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
