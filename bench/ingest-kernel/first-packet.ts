import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { monotonicMs } from '../../async/monotonic.ts';
import { loadConfig } from '../../config/load-config.ts';
import { Loop } from '../../daemon/loop.ts';
import { createNode, type Node } from '../../daemon/node.ts';
import { PolicyManager } from '../../daemon/policies/policy-manager.ts';
import { REASONS } from '../../engine/model/reason.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { BRIDGE, type TestNode, type Vm } from '../../lab/testbed/node.ts';
import { waitFor } from '../../lab/testbed/wait.ts';
import { Accountant } from '../../telemetry/accounts/accountant.ts';
import { Metrics } from '../../telemetry/prometheus/metrics.ts';
import type { FirstPacketFigures } from './figures.ts';
import { FlowSender, sourceMac } from './flow-sender.ts';

/** What the loop learns of new flows. */
type Mode = 'following' | 'polling';

const ORDER: readonly Mode[] = ['following', 'polling', 'polling', 'following'];
const POLL_MS = 1_000;
/** Time before the first packet of a flow; the phase of the polls differs from flow to flow. */
const CALM_MS = 2_000;
const PHASE_STEP_MS = 377;
/** Time between two packets of a flow. */
const GAP_MS = 20;
const ENTRY_MS = 30_000;
/** Flows of each loop that are not counted: the JIT compiler has seen none of its code before. */
const WARM_FLOWS = 1;
/** Flows that ovs-vswitchd makes within the time-out of a command. */
const KNOWN_AT_ONCE = 1_000;
const READY = { timeoutMs: 120_000, everyMs: 100 };
/** Every flow that has sent is offloaded. */
const POLICY = join(packageRoot(), 'test', 'node', 'policies', 'eager.json');

/**
 * Measures how long flows of the kernel datapath take from their first packet to their entry, while
 * the loop follows the notifications of new flows and while it polls each second. Everything else is
 * the same: the daemon's loop on one bridge with two VMs, and tcx.
 *
 * @param node without VMs, in the network namespace of this process
 * @param flows number of flows, twice for each mode
 * @param known number of silent flows that the datapath has besides
 */
export async function measureFirstPackets(
  node: TestNode,
  flows: number,
  known: number,
): Promise<FirstPacketFigures> {
  const [sender, receiver] = [await node.addVm(1), await node.addVm(2)];
  // A rule for each flow, so that each is a megaflow of its own.
  for (let flow = 0; flow < ORDER.length * (WARM_FLOWS + flows); flow++) {
    await node.ovs.ofctl(
      'add-flow',
      BRIDGE,
      `in_port=1,dl_src=${sourceMac(flow)},actions=output:2`,
    );
  }
  // ovs-vswitchd keeps the flows, and looks at them only now and then.
  const patience = ['other_config:max-idle=600000', 'other_config:max-revalidator=600000'];
  await node.ovs.vsctl('set', 'Open_vSwitch', '.', ...patience);
  const source = { namespace: sender.namespace.name, receiverMac: receiver.mac, gapMs: GAP_MS };
  const packets = await FlowSender.start(source);
  const times: Record<Mode, number[]> = { following: [], polling: [] };
  try {
    if (known > 0) await makeKnown(node, sender, receiver, known);
    // What the first of a pair warms up favours each of them in turn.
    for (const [round, mode] of ORDER.entries()) {
      const first = round * (WARM_FLOWS + flows);
      times[mode].push(...(await measureMode(mode, node, packets, first, flows)));
    }
    return { known, gapMs: GAP_MS, followingMs: times.following, pollingMs: times.polling };
  } finally {
    await packets.stop();
  }
}

/** Gives the datapath `known` silent flows from the sender to the receiver, as ovs-vswitchd would. */
async function makeKnown(node: TestNode, sender: Vm, receiver: Vm, known: number): Promise<void> {
  const { ovs } = node;
  await ovs.ofctl(
    'add-flow',
    BRIDGE,
    'priority=1,in_port=1,dl_src=02:88:00:00:00:00/ff:ff:00:00:00:00,actions=output:2',
  );
  const file = join(ovs.runDir, 'known');
  const datapath = await ovs.appctl('dpctl/show');
  const numberOf = (port: string): string =>
    new RegExp(`port (\\d+): ${port}\\b`).exec(datapath)?.[1] ?? port;
  const [input, output] = [numberOf(sender.port.name), numberOf(receiver.port.name)];
  const lineOf = (flow: number): string =>
    `recirc_id(0),in_port(${input}),eth(src=${knownMac(flow)},dst=${receiver.mac}),eth_type(0x0800),` +
    `ipv4(frag=no) ${output}\n`;
  for (let from = 0; from < known; from += KNOWN_AT_ONCE) {
    const count = Math.min(KNOWN_AT_ONCE, known - from);
    await writeFile(file, Array.from({ length: count }, (_, i) => lineOf(from + i)).join(''));
    const problems = await ovs.appctl('dpctl/add-flows', file);
    if (problems.trim() !== '') throw new Error(`ovs-vswitchd did not make the flows: ${problems}`);
  }
  // It begins with 10,000, and grows only where ovs-vswitchd dumps as many flows within a second.
  await ovs.appctl('upcall/set-flow-limit', '200000');
  const [, flows] = /flows: (\d+)/.exec(await ovs.appctl('dpctl/show')) ?? [];
  if (Number(flows) < known)
    throw new Error(`the datapath has ${flows} flows in place of ${known}`);
}

/** The MAC address that the packets of a known flow come from. */
function knownMac(flow: number): string {
  const byte = (shift: number): string => ((flow >> shift) & 0xff).toString(16).padStart(2, '0');
  return `02:88:00:00:${byte(8)}:${byte(0)}`;
}

async function measureMode(
  mode: Mode,
  node: TestNode,
  packets: FlowSender,
  first: number,
  count: number,
): Promise<readonly number[]> {
  const loop = await startLoop(mode, node);
  try {
    const settled = () => (loop.started && loop.lastReport?.tick.fresh === true ? true : undefined);
    await waitFor('a tick of the loop', settled, READY);
    const times: number[] = [];
    for (let i = 0; i < WARM_FLOWS + count; i++) {
      await sleep(CALM_MS + ((i * PHASE_STEP_MS) % POLL_MS));
      const placed = nextEntry(loop);
      const sentAtMs = await packets.send(first + i);
      times.push((await placed) - sentAtMs);
      packets.pause();
    }
    return times.slice(WARM_FLOWS);
  } finally {
    await loop.stop('withdraw');
  }
}

/** Resolves when the next entry is in place, to the time. */
function nextEntry(loop: Loop): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      end();
      reject(new Error(`no entry within ${ENTRY_MS} ms: ${reasonsOf(loop)}`));
    }, ENTRY_MS);
    const placed = (atMs: number): void => {
      end();
      resolve(atMs);
    };
    const unsubscribe = [
      loop.onPlaced(() => placed(monotonicMs())),
      loop.onTick(({ changes, endedAtMs }) => {
        if (changes.some(({ to }) => to === 'offload')) placed(endedAtMs);
      }),
    ];
    const end = (): void => {
      clearTimeout(timer);
      for (const each of unsubscribe) each();
    };
  });
}

/** Why flows are where they are, for an error. */
function reasonsOf({ table, error = 'no error' }: Loop): string {
  const reasons = [...table.rows.subarray(0, table.count)].map(
    (row) =>
      `${table.traffic.vswitchPackets[row]} packets, ${REASONS[table.decision.reason[row]].text}`,
  );
  return [error, ...reasons].join('; ');
}

async function startLoop(mode: Mode, node: TestNode): Promise<Loop> {
  const { runDir, dbSocket } = node.ovs;
  const file = join(runDir, `${mode}.json`);
  const settings = {
    node: { adapter: 'ovs', ovs: { runDir, database: dbSocket, readFlowsFrom: 'kernel' } },
    backend: { pinPath: `${node.pinPath}-${mode}`, leaseMs: 10_000 },
    poll: { periodMs: POLL_MS },
    policies: [POLICY],
    control: { path: join(runDir, 'bench.sock') },
  };
  await writeFile(file, JSON.stringify(settings));
  const config = await loadConfig(file);
  const clock = { now: monotonicMs, wall: () => Date.now() };
  const log = pino({ level: 'warn' }, pino.destination(2));
  const real = createNode(config, clock, log);
  const watched = mode === 'following' ? real : withoutNotifications(real);
  const accountant = new Accountant({ topFlows: 10 });
  const { accounts } = accountant;
  const metrics = new Metrics({ version: mode, backends: watched.backends, accounts, clock });
  const policies = new PolicyManager({ files: config.policies, clock, log });
  const evaluator = await policies.load();
  const loop = new Loop({ config, node: watched, evaluator, clock, log, accountant, metrics });
  loop.start();
  return loop;
}

/** The node, whose new flows are found by polling alone. */
function withoutNotifications(node: Node): Node {
  const { flows } = node;
  const polled = {
    name: flows.name,
    read: (...args: Parameters<typeof flows.read>) => flows.read(...args),
    close: () => flows.close(),
  };
  return { ...node, flows: polled };
}
