import { NorikaeDaemon } from '../testbed/daemon.ts';
import { writeMovingPolicy } from '../testbed/moving-policy.ts';
import { ProcessTrouble } from '../testbed/managed-process.ts';
import type { PeerNode } from './peer-node.ts';
import type { Scene } from './scene.ts';

/** A system that chooses which flows the NIC carries. */
export type SystemName = 'ovs' | 'norikae';

/** A running system. */
export interface RunningSystem {
  /** What it says about a flow that the NIC does not carry: the one that sends most. */
  leftOut(): Promise<string>;
  stop(): Promise<void>;
}

interface System {
  /** Columns of `Open_vSwitch`. */
  readonly columns: readonly string[];
  /** Starts it beside Open vSwitch; resolves when it is ready. */
  start(node: PeerNode, scene: Scene): Promise<RunningSystem>;
}

/**
 * An emulated processor runs JavaScript 25 times slower: the daemon takes long to start, and needs more of the
 * processor for as many readings. The planner is as shipped.
 */
const READY = { timeoutMs: 240_000, everyMs: 1_000 };
const POLL = { periodMs: 200, sourceShare: 0.5 };
const LEASE_MS = 10_000;

const OVS: System = {
  // Only with skip_sw is a full table an error that its rebalancer notices.
  columns: ['hw-offload=true', 'tc-policy=skip_sw', 'offload-rebalance=true'].map(
    (setting) => `other_config:${setting}`,
  ),
  start: async ({ node }) => ({
    leftOut: async () => {
      const text = await node.ovs.appctl('dpctl/dump-flows', '-m', '--names', 'type=ovs');
      const flows = text.split('\n').filter((line) => line.startsWith('ufid:'));
      const packets = (flow: string): number => Number(/packets:(\d+)/.exec(flow)?.[1] ?? 0);
      return flows.toSorted((a, b) => packets(b) - packets(a))[0] ?? 'no flow is left out';
    },
    stop: async () => undefined,
  }),
};

const NORIKAE: System = {
  columns: [],
  start: async ({ node }, { entries }) => {
    const daemon = await NorikaeDaemon.start(node, {
      // Open vSwitch offloads every flow, too; the default policy leaves flows of so low a rate out.
      policies: [await writeMovingPolicy(node.ovs.runDir)],
      backend: { adapter: 'flower', rulesIn: 'hardware', entries, leaseMs: LEASE_MS },
      poll: POLL,
      ready: READY,
    });
    return {
      leftOut: () => whyLeftOut(daemon),
      stop: async () => void (await daemon.stop()),
    };
  },
};

/** @throws {ProcessTrouble} with the end of its log, when the daemon has ended */
async function whyLeftOut({ control, process }: NorikaeDaemon): Promise<string> {
  if (process.exit !== undefined) {
    throw new ProcessTrouble(`norikae ended during the scene:\n${process.tail()}`);
  }
  const { flows } = await control.flows({ sort: 'rate', limit: 500, words: [] });
  const flow = flows.find(({ entry }) => entry === null);
  if (flow === undefined) return 'no flow is left out';
  return `${flow.match}: ${flow.reason.text}`;
}

export const SYSTEMS: Readonly<Record<SystemName, System>> = { ovs: OVS, norikae: NORIKAE };
