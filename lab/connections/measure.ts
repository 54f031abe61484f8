import { median } from '../measures/median.ts';
import { HostCpuMeter } from '../measures/host-cpu.ts';
import { NorikaeDaemon } from '../testbed/daemon.ts';
import { readDeviceCounters } from '../testbed/device-counters.ts';
import { sleep, waitFor } from '../testbed/wait.ts';
import { ByteSampler } from './byte-sampler.ts';
import { EntryWatch } from './entry-watch.ts';
import type { DeploymentReport, Phase, RuleChange } from './report.ts';
import { type Restart, restartVswitch } from './restart.ts';
import { RuleWatch } from './rule-watch.ts';
import { forget, type Scene, type SceneSwitch } from './scene.ts';
import { type Clients, startClients, startServers } from './traffic.ts';

/** Time for the first flows to get their entries, or for the traffic to become steady, ms. */
const SETTLE_MS = { off: 1_500, on: 5_000 };
/** Longest time until the next tick, ms. */
const TICK_MS = 10_000;
/** Longest time until the daemon is ready, also on a busy machine. */
const READY = { timeoutMs: 60_000 };
const ETHERNET_HEADER = 14;
/** Rule changes of each scene. */
const CHANGES = 3;
/** Longest time until an ACL is in force, ms. */
const RULE_MS = 15_000;
/** Time without a byte that proves that nothing is delivered, ms. */
const SILENCE_MS = 1_000;

/** What is measured of each scene. */
export interface MeasureOptions {
  /** Length of each measured phase, seconds. */
  readonly seconds: number;
  /** Whether ovs-vswitchd is restarted, too, once without the daemon and once with it. */
  readonly restart: boolean;
}

/**
 * Runs the workload in a scene, without the daemon and with it, lets the connection return to the
 * vSwitch, and changes a rule.
 */
export async function measureScene(
  scene: Scene,
  { seconds, restart }: MeasureOptions,
): Promise<DeploymentReport> {
  const servers = await startServers(scene.server);
  try {
    await forget(scene);
    const off = await withClients(scene, async ({ bulk }) => {
      await sleep(SETTLE_MS.off);
      return measurePhase(scene, [], bulk.intervals, seconds);
    });
    const restartOff = restart ? await restartUnder(scene) : null;
    await forget(scene);
    const daemons = await startDaemons(scene);
    try {
      const measured = await withClients(scene, async (clients) => {
        await sleep(SETTLE_MS.on);
        const on = await measurePhase(scene, daemons, clients.bulk.intervals, seconds);
        const kept = keptFor(await daemons[0].flows());
        const survivesReturn = await returnToVswitch(daemons, clients);
        const ruleChange = await changeRules(scene, daemons, clients);
        return { name: scene.name, off, on, survivesReturn, ruleChange, kept };
      });
      const restartOn = restart ? await restartUnder(scene) : null;
      return { ...measured, restart: { off: restartOff, on: restartOn } };
    } finally {
      for (const daemon of daemons) await daemon.stop();
    }
  } finally {
    await servers.stop();
  }
}

/** Starts the workload and restarts the client's vSwitch under it. */
function restartUnder(scene: Scene): Promise<Restart> {
  return withClients(scene, async (clients) => {
    await sleep(SETTLE_MS.on);
    return restartVswitch(scene, clients);
  });
}

/** A daemon on each vSwitch, with conntrack's sequence checks off. */
async function startDaemons({ switches }: Scene): Promise<readonly NorikaeDaemon[]> {
  const daemons: NorikaeDaemon[] = [];
  for (const one of switches) {
    await one.ovs.appctl('dpctl/ct-disable-tcp-seq-chk');
    daemons.push(await NorikaeDaemon.start(one, { connections: {}, ready: READY }));
  }
  return daemons;
}

async function withClients<T>(
  { client, target }: Scene,
  use: (clients: Clients) => Promise<T>,
): Promise<T> {
  const clients = await startClients(client, target);
  try {
    return await use(clients);
  } finally {
    await clients.stop();
  }
}

/** Throughput of the TCP connection, host CPU, and the share of all bytes that the NIC tables took. */
async function measurePhase(
  { switches }: Scene,
  daemons: readonly NorikaeDaemon[],
  intervals: readonly { readonly bytes: number }[],
  seconds: number,
): Promise<Phase> {
  const samplers = switches.map((one) => new ByteSampler(() => enteredBytes(one)));
  try {
    const before = await countAll(daemons, samplers);
    const cpu = new HostCpuMeter();
    const startMs = performance.now();
    const from = intervals.length;
    await sleep(seconds * 1_000);
    const elapsed = (performance.now() - startMs) / 1_000;
    const hostCpu = cpu.share();
    const bytes = intervals.slice(from).reduce((sum, interval) => sum + interval.bytes, 0);
    const after = await countAll(daemons, samplers);
    const entered = after.entered - before.entered;
    return {
      bitsPerSecond: (8 * bytes) / elapsed,
      hostCpu,
      offloadedShare: entered === 0 ? 0 : (after.carried - before.carried) / entered,
    };
  } finally {
    for (const sampler of samplers) sampler.stop();
  }
}

/** Bytes that entries have carried, and that had entered by then, of all daemons. */
async function countAll(
  daemons: readonly NorikaeDaemon[],
  samplers: readonly ByteSampler[],
): Promise<{ readonly carried: number; readonly entered: number }> {
  const counts = await Promise.all(
    daemons.map(async (daemon, i) => {
      await daemon.readAgain(TICK_MS);
      const { paths, tick } = await daemon.control.status();
      const atMs = performance.now() - (tick.ageMs ?? 0);
      return { carried: paths.nic.bytes, entered: samplers[i].at(atMs) };
    }),
  );
  return {
    carried: counts.reduce((sum, { carried }) => sum + carried, 0),
    entered: counts.reduce((sum, { entered }) => sum + entered, 0),
  };
}

/**
 * Bytes that have entered a vSwitch, with L2 headers: a veth with XDP counts its packets without
 * them (veth_xdp_rcv in drivers/net/veth.c), as the daemon does not.
 */
function enteredBytes({ ovs, inputs }: SceneSwitch): number {
  const counters = inputs.map((device) => readDeviceCounters(ovs.vswitchdPid ?? 0, device));
  return counters.reduce(
    (sum, { rxBytes, rxPackets }) => sum + rxBytes + ETHERNET_HEADER * rxPackets,
    0,
  );
}

/**
 * Sends every flow back to the vSwitch for a while, and lets it have its entry again. True when the
 * TCP connection went on all the time.
 */
async function returnToVswitch(
  daemons: readonly NorikaeDaemon[],
  { bulk }: Clients,
): Promise<boolean> {
  for (const daemon of daemons) await daemon.command('onload-all');
  await sleep(SETTLE_MS.off);
  const onVswitch = await bytesWithin(bulk, SILENCE_MS);
  for (const daemon of daemons) await daemon.command('resume');
  await sleep(SETTLE_MS.on);
  return onVswitch > 0 && (await bytesWithin(bulk, SILENCE_MS)) > 0;
}

/** Payload that the TCP connection sends within a time. */
async function bytesWithin({ intervals }: Clients['bulk'], ms: number): Promise<number> {
  const from = intervals.length;
  await sleep(ms);
  return intervals.slice(from).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Changes the rule several times; the median of the reactions. */
async function changeRules(
  scene: Scene,
  daemons: readonly NorikaeDaemon[],
  clients: Clients,
): Promise<RuleChange> {
  const reactions: number[] = [];
  let deliveredBytes = 0;
  for (let i = 0; i < CHANGES; i++) {
    // The connections get their entries back, and changes are not in phase with the ticks.
    await sleep(SETTLE_MS.on + 137 * i);
    const change = await changeRule(scene, daemons, clients);
    if (change.reactionMs !== null) reactions.push(change.reactionMs);
    deliveredBytes += change.deliveredBytes;
  }
  return { reactionMs: reactions.length === 0 ? null : median(reactions), deliveredBytes };
}

/**
 * Lets a rule drop the traffic, and measures from the first change of the vSwitch's own rules until
 * the entry of the busiest flow is gone.
 */
async function changeRule(
  scene: Scene,
  daemons: readonly NorikaeDaemon[],
  { bulk }: Clients,
): Promise<RuleChange> {
  // The server's vSwitch drops.
  const last = daemons.length - 1;
  const entry = await EntryWatch.start(daemons[last]);
  const rules = await RuleWatch.start(scene.switches[last], scene.bridge);
  try {
    await scene.deny();
    const wait = { timeoutMs: RULE_MS, everyMs: 2 };
    const changedMs = await waitFor('the vSwitch changes', () => rules.firstChangeMs, wait);
    const gone = () => entry?.goneMs;
    const goneMs = entry && (await waitFor('the entry is gone', gone, wait));
    await scene.settled();
    await sleep(SILENCE_MS);
    const deliveredBytes = await bytesWithin(bulk, SILENCE_MS);
    return { reactionMs: goneMs === undefined ? null : goneMs - changedMs, deliveredBytes };
  } finally {
    entry?.stop();
    await rules.stop();
    await scene.allow();
  }
}

/** Why the flows that the daemon leaves on the vSwitch are there, by share of the bytes. */
function keptFor(
  flows: Awaited<ReturnType<NorikaeDaemon['flows']>>,
): Readonly<Record<string, number>> {
  const total = flows.reduce((sum, { bitsPerSecond }) => sum + bitsPerSecond, 0);
  const kept: Record<string, number> = {};
  for (const { placement, bitsPerSecond, reason } of flows) {
    if (placement !== 'onload' || bitsPerSecond === 0) continue;
    kept[reason.code] = (kept[reason.code] ?? 0) + bitsPerSecond / total;
  }
  return kept;
}
