import { progress } from '../testbed/progress.ts';
import { sleep } from '../testbed/wait.ts';
import { PeerNode } from './peer-node.ts';
import type { Scene } from './scene.ts';
import { type SystemName, SYSTEMS } from './systems.ts';
import { sendScene } from './traffic.ts';

/** What a system made of a scene. */
export interface SystemResult {
  /** Bytes of frames that were sent, and the number of frames. */
  readonly sentBytes: number;
  readonly sentPackets: number;
  /** Bytes and packets that the NIC carried, by its own counters. */
  readonly carriedBytes: number;
  readonly carriedPackets: number;
  /** Rules that were inserted into the NIC's table, and rules that it had no room for. */
  readonly insertions: number;
  readonly refusals: number;
  /**
   * For each probe, the time from its first packet to the first that the NIC carried, ms; null if it
   * carried none.
   */
  readonly reactionMs: readonly (number | null)[];
  /** The longest time by which a packet was sent too late, ms. */
  readonly latestMs: number;
  /** What the system says about the flow that sends most of those that the NIC does not carry. */
  readonly leftOut: string;
}

/** A run says nothing: the NIC carried no packet at all. */
export class NothingCarried extends Error {
  override readonly name = 'NothingCarried';

  /**
   * @param misses frames that met no entry of the NIC
   * @param lookups the line of that name of `dpctl/show`: what the datapath did with those frames
   */
  constructor(system: SystemName, misses: number, lookups: string) {
    super(`with ${system} the NIC carried no packet: ${misses} met no entry; vSwitch: ${lookups}`);
  }
}

/** When a system is asked about a flow that was left out, as a part of the scene. */
const ASKED_AT = 0.9;

/**
 * Runs a scene with one system, on a machine that must have nothing else to do.
 *
 * @throws {NothingCarried}
 */
export async function runSystem(name: SystemName, scene: Scene): Promise<SystemResult> {
  const system = SYSTEMS[name];
  const peer = await PeerNode.start(scene, system.columns);
  try {
    progress(`starting ${name}`);
    const running = await system.start(peer, scene);
    progress(`sending for ${scene.durationMs / 1_000} s`);
    const asked = sleep(scene.durationMs * ASKED_AT).then(() => running.leftOut());
    const [traffic, leftOut] = await Promise.all([sendScene(scene, peer.sender), asked]);
    const counters = await peer.nic.counters(peer.sender.representor);
    const lookups = await peer.lookups();
    await running.stop();
    if (counters.hw_packets === 0) throw new NothingCarried(name, counters.hw_misses, lookups);
    return {
      sentBytes: sentBytes(scene, traffic.sentPackets),
      sentPackets: traffic.sentPackets.reduce((sum, packets) => sum + packets, 0),
      carriedBytes: counters.hw_bytes,
      carriedPackets: counters.hw_packets,
      insertions: counters.table_insertions,
      refusals: counters.table_refusals,
      reactionMs: traffic.reactionMs.map((ms) => (ms === null ? null : Math.round(ms))),
      latestMs: Math.round(traffic.latestMs),
      leftOut,
    };
  } finally {
    await peer.stop();
  }
}

function sentBytes({ flows, probes }: Scene, sentPackets: readonly number[]): number {
  return [...flows, ...probes].reduce(
    (sum, { frameBytes }, n) => sum + frameBytes * sentPackets[n],
    0,
  );
}
