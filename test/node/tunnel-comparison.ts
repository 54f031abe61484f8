import assert from 'node:assert/strict';
import type { FlowView } from '../../api/flow-views.ts';
import { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import type { Namespace } from '../../lab/testbed/namespace.ts';
import { Capture, sendFrames, sequenceOf, startSender } from '../../lab/testbed/packets.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { EAGER, MOVE_MS } from './fixture.ts';
import { type Spoken, TunnelRig } from './tunnel-rig.ts';

const PACKETS_A_CONNECTION = 6;
const PACKETS_PER_SECOND = 400;
/** Longest time until all are carried: a port that was closed is not opened again at once. */
const CARRY_MS = 30_000;
/** Longest time until a packet that was sent has been captured, ms. */
const ARRIVE_MS = 5_000;

/** Which way packets go: from the VM to the cable, or from the cable to the VM. */
export type Direction = 'into' | 'out of';

/** Compares what entries make of packets in tunnels with what the vSwitch makes of the same packets. */
export class TunnelComparison {
  readonly rig: TunnelRig;
  readonly #daemon: NorikaeDaemon;
  readonly #captures: Readonly<Record<Direction, Capture>>;

  private constructor(
    rig: TunnelRig,
    daemon: NorikaeDaemon,
    captures: Readonly<Record<Direction, Capture>>,
  ) {
    this.rig = rig;
    this.#daemon = daemon;
    this.#captures = captures;
  }

  static async start(): Promise<TunnelComparison> {
    const rig = await TunnelRig.start();
    try {
      const captures = {
        into: await Capture.start(rig.wire.namespace),
        'out of': await Capture.start(rig.vm.namespace),
      };
      const daemon = await NorikaeDaemon.start(rig.node, {
        policies: [EAGER],
        connections: {},
        planner: { minHoldMs: 0 },
        // No packet of a round is a heartbeat.
        backend: { masks: 128, heartbeatMs: 5_000 },
      });
      return new TunnelComparison(rig, daemon, captures);
    } catch (error) {
      await rig.node.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.rig.node.stop();
  }

  /** Sends packets of each connection, first by the vSwitch, then by entries; each must become the same bytes. */
  async compare(connections: readonly Spoken[], direction: Direction): Promise<void> {
    const { rig } = this;
    const daemon = this.#daemon;
    // In turn, so that each connection sends all the time.
    const frames = Array.from({ length: PACKETS_A_CONNECTION }, (_, k) =>
      connections.map((one, i) => {
        const number = k * connections.length + i;
        return direction === 'into' ? rig.sent(one, number) : rig.arriving(one, number);
      }),
    ).flat();
    await daemon.control.onloadAll();
    await rig.setRules(connections);
    // The vSwitch makes its megaflows.
    await this.#received(frames, direction);
    const bySwitch = await this.#received(frames, direction);

    await daemon.control.resume();
    const { namespace } = direction === 'into' ? rig.vm : rig.wire;
    const sending = { packetsPerSecond: PACKETS_PER_SECOND, rounds: 0 };
    const warm = await startSender(namespace, frames, sending, rig.node.ovs.runDir);
    const isCarried = async (): Promise<true | undefined> => {
      const found = await this.#connections(connections, direction);
      const carried = found.filter(({ placement }) => placement === 'offload');
      return carried.length === connections.length ? true : undefined;
    };
    await waitFor('every connection is carried', isCarried, { timeoutMs: CARRY_MS });
    await warm.stop();

    await daemon.readAgain(MOVE_MS);
    const before = await this.#carriedBytes(connections, direction);
    const byEntry = await this.#received(frames, direction);
    await daemon.readAgain(MOVE_MS);
    const after = await this.#carriedBytes(connections, direction);
    for (const [match, bytes] of after) {
      assert.ok(bytes > (before.get(match) ?? 0), `carried nothing of ${match}`);
    }
    assert.equal(after.size, connections.length);
    for (const [number, bytes] of bySwitch) {
      const { rewrites, tunnel } = connections[number % connections.length];
      const what = `packet ${number}, ${tunnel.name}, ${rewrites.join(' ')}`;
      assert.equal(byEntry.get(number), bytes, what);
    }
  }

  /** What arrives of the frames, in hexadecimal, by number: all of them. */
  async #received(
    frames: readonly Buffer[],
    direction: Direction,
  ): Promise<ReadonlyMap<number, string>> {
    const { vm, wire, node } = this.rig;
    const from: Namespace = (direction === 'into' ? vm : wire).namespace;
    const capture = this.#captures[direction];
    capture.take();
    await sendFrames(from, frames, PACKETS_PER_SECOND, node.ovs.runDir);
    const found = new Map<number, string>();
    const look = (): true | undefined => {
      for (const { bytes } of capture.take()) {
        found.set(sequenceOf(bytes) ?? -1, bytes.toString('hex'));
      }
      return frames.every((frame) => found.has(sequenceOf(frame) ?? -1)) ? true : undefined;
    };
    await waitFor('every packet has arrived', look, { timeoutMs: ARRIVE_MS });
    assert.equal(found.size, frames.length);
    return found;
  }

  /** Bytes that entries have carried, by connection. */
  async #carriedBytes(
    connections: readonly Spoken[],
    direction: Direction,
  ): Promise<ReadonlyMap<string, number>> {
    const flows = await this.#connections(connections, direction);
    return new Map(flows.map(({ match, carriedBytes }) => [match, carriedBytes]));
  }

  /** The rows of the connections. */
  async #connections(
    connections: readonly Spoken[],
    direction: Direction,
  ): Promise<readonly FlowView[]> {
    const query = { sort: 'rate', limit: 1_000, words: [], connections: true } as const;
    const { flows } = await this.#daemon.control.flows(query);
    const { vm, wire } = this.rig;
    const inPort = (direction === 'into' ? vm : wire).name;
    const ports = new Set(
      connections.map(({ port }) => (direction === 'into' ? `udp_src=${port}` : `udp_dst=${port}`)),
    );
    return flows.filter(
      (flow) => flow.inPort === inPort && flow.match.split(',').some((word) => ports.has(word)),
    );
  }
}
