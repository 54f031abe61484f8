import { BRIDGE } from '../../testbed/node.ts';
import type { NorikaeDaemon } from '../../testbed/daemon.ts';
import { sleep } from '../../testbed/wait.ts';
import type { Bed } from '../bed/bed.ts';
import { setOffloads } from '../guest/guests.ts';
import { measureBystander } from './bystander.ts';
import type { Counts } from '../guest/agent.ts';
import type { Arrivals, Measures, OffloadedRun, StreamMeasures } from '../verdict/measures.ts';
import type { CaseParameters } from '../cases/parameters.ts';
import { nicBytes, reasonNotServed, waitUntilPlaced, waitUntilServed } from '../bed/placement.ts';
import type { Surroundings } from '../surroundings/surroundings.ts';
import { surroundingsOf } from '../surroundings/of-case.ts';
import type { Range, Stream } from '../traffic/stream.ts';
import { TRAFFIC } from '../traffic/streams.ts';

/** Sequence numbers of the parts of a run: the flow starts and is steady; again in other surroundings. */
const START: Range = [0, 50];
const STEADY: Range = [50, 150];
const RESTART: Range = [150, 200];
const STEADY_AGAIN: Range = [200, 300];
const CHANGED: Range = [RESTART[0], STEADY_AGAIN[1]];

/** Runs a case without Norikae. */
export function runWithout(bed: Bed, parameters: CaseParameters): Promise<Measures> {
  return new CaseRun(bed, parameters, undefined).run();
}

/** Runs a case with Norikae. */
export async function runWith(
  bed: Bed,
  parameters: CaseParameters,
  daemon: NorikaeDaemon,
): Promise<OffloadedRun> {
  const run = new CaseRun(bed, parameters, daemon);
  const measures = await run.run();
  const { offloaded, notServed } = run;
  return { measures, offloaded, notServed };
}

/** One run of a case. The amounts that are sent do not depend on the daemon. */
class CaseRun {
  offloaded = { before: 0, after: 0 };
  notServed: string | undefined;
  readonly #bed: Bed;
  readonly #parameters: CaseParameters;
  readonly #daemon: NorikaeDaemon | undefined;
  readonly #streams: readonly (Stream & { readonly name: string })[];
  readonly #surroundings: Surroundings;

  constructor(bed: Bed, parameters: CaseParameters, daemon: NorikaeDaemon | undefined) {
    this.#bed = bed;
    this.#parameters = parameters;
    this.#daemon = daemon;
    const streams = TRAFFIC[parameters.protocol].streams(bed.ends());
    this.#streams = streams.map((stream, i) => ({ ...stream, name: `stream ${i}` }));
    this.#surroundings = surroundingsOf(bed, parameters);
  }

  async run(): Promise<Measures> {
    const { receiver } = this.#bed;
    await this.#prepare();
    try {
      for (const { name, receive } of this.#streams) {
        if (receive !== undefined) await receiver.agent.open(name, receive);
      }
      const errors = await receiver.agent.checksumErrors();
      await this.#traffic();
      const streams = await this.#final();
      const checksumErrors = (await receiver.agent.checksumErrors()) - errors;
      const reported = await this.#surroundings.reported();
      const accountedBytes =
        (await this.#ruleBytes()) + this.offloaded.before + this.offloaded.after;
      await this.#closeAll();
      const bystander = await measureBystander(this.#bed);
      return { streams, checksumErrors, reported, accountedBytes, bystander };
    } finally {
      await this.#closeAll();
    }
  }

  /** Sets the guests' offloads and the rules as they are at the start. */
  async #prepare(): Promise<void> {
    const { tx, tso, protocol, match } = this.#parameters;
    const { sender, receiver, datapath } = this.#bed;
    // The userspace datapath does not restore the tags that a sender leaves to its device.
    const txvlan = datapath === 'kernel' ? 'on' : 'off';
    const offloads = ['tx', tx, 'tso', tso, 'gro', 'on', 'txvlan', txvlan];
    await Promise.all([sender, receiver].map(({ vm }) => setOffloads(vm, ...offloads)));
    const rule = `${TRAFFIC[protocol].rule},in_port=${sender.vm.number}`;
    const own = `priority=9,${rule},actions=output:${receiver.vm.number}`;
    await this.#bed.rules(...(match === 'protocol' ? [own] : []));
    // What an earlier run has taught the vSwitch and Norikae must not matter.
    await this.#bed.node.ovs.appctl('revalidator/purge');
    if (this.#daemon !== undefined)
      await waitUntilServed(this.#daemon, [sender.vm.name, receiver.vm.name], this.#bed.pace);
  }

  async #traffic(): Promise<void> {
    const daemon = this.#daemon;
    const { sender, receiver, pace } = this.#bed;
    const at = async () => (daemon === undefined ? 0 : nicBytes(daemon, pace));
    // The last run ended some ticks ago.
    const start = (await daemon?.control.status())?.paths.nic.bytes ?? 0;
    await this.#begin(START);
    await this.#untilPlaced();
    await this.#send(STEADY);
    await this.#drain();
    const steady = await at();
    if (daemon !== undefined && steady === start) {
      this.notServed = await reasonNotServed(daemon, sender.vm.name, pace);
    }
    await this.#surroundings.apply();
    if (this.#parameters.gro === 'off') {
      for (const { vm } of [sender, receiver]) await setOffloads(vm, 'gro', 'off');
    }
    await sleep(pace.settleMs);
    await this.#begin(RESTART);
    // The vSwitch may have other flows now, which an entry may wrongly get, too.
    await this.#untilPlaced();
    await this.#send(STEADY_AGAIN);
    await this.#drain();
    const end = await at();
    this.offloaded = { before: steady - start, after: end - steady };
    if (end > start) this.notServed = undefined;
  }

  /** Waits until the flows have entries, as long as that usually takes. */
  async #untilPlaced(): Promise<void> {
    const { sender, pace } = this.#bed;
    if (this.#daemon === undefined) await sleep(pace.settleMs);
    else await waitUntilPlaced(this.#daemon, sender.vm.name, pace);
  }

  /**
   * Sends a part whose first packet finds no flow in the datapath: that packet of each stream first, then
   * the others. While ovs-vswitchd makes the flow, the kernel datapath lets later packets overtake the
   * first, also without Norikae.
   */
  async #begin([first, end]: Range): Promise<void> {
    const alone: Range = [first, first + 1];
    await this.#send(alone);
    await this.#untilArrived(alone);
    await this.#send([first + 1, end]);
  }

  /** Waits until a packet of each stream has arrived; what drops packets may drop these. */
  async #untilArrived(range: Range): Promise<void> {
    const { settleMs, askMs } = this.#bed.pace;
    const until = performance.now() + settleMs;
    while (performance.now() < until) {
      const counts = await this.#counts([range]);
      if (counts.every(([{ received }]) => received > 0)) return;
      await sleep(askMs);
    }
  }

  /**
   * One stream after the other: packets that cannot be redirected keep those behind them on the
   * vSwitch, for the order.
   */
  async #send(range: Range): Promise<void> {
    const { agent } = this.#bed.sender;
    for (const { name, send } of this.#streams) {
      await agent.send(name, send, range, this.#bed.pace.packetsPerSecond);
    }
  }

  /** Waits until nothing arrives any more. */
  async #drain(): Promise<void> {
    const { drainMs, quietMs } = this.#bed.pace;
    const until = performance.now() + drainMs;
    let last = '';
    while (performance.now() < until) {
      const counts = JSON.stringify(await this.#counts([[START[0], CHANGED[1]]]));
      if (counts === last) return;
      last = counts;
      await sleep(quietMs);
    }
  }

  async #final(): Promise<readonly StreamMeasures[]> {
    const before: Range = [START[0], STEADY[1]];
    const counts = await this.#counts([before, CHANGED]);
    return this.#streams.map(({ from, unit }, i) => ({
      from,
      unit,
      before: arrivals(before, counts[i][0]),
      after: arrivals(CHANGED, counts[i][1]),
    }));
  }

  #counts(ranges: readonly Range[]): Promise<readonly (readonly Counts[])[]> {
    const { sender, receiver } = this.#bed;
    return Promise.all(
      this.#streams.map(({ name, receive }) =>
        receive === undefined
          ? sender.agent.replies(name, ranges)
          : receiver.agent.counts(name, ranges),
      ),
    );
  }

  /** Bytes that OpenFlow rules counted for packets of both guests. */
  async #ruleBytes(): Promise<number> {
    const { sender, receiver, node } = this.#bed;
    const { ovs } = node;
    await ovs.appctl('revalidator/wait');
    const from = new RegExp(
      `n_bytes=(\\d+),.*in_port=(?:${sender.vm.number}|${receiver.vm.number})\\b`,
    );
    const lines = (await ovs.ofctl('dump-flows', BRIDGE)).split('\n');
    return lines.reduce((sum, line) => sum + Number(from.exec(line)?.[1] ?? 0), 0);
  }

  async #closeAll(): Promise<void> {
    const { sender, receiver } = this.#bed;
    for (const { name } of this.#streams) {
      await Promise.all([sender.agent.close(name), receiver.agent.close(name)]);
    }
    await this.#surroundings.remove();
  }
}

function arrivals([first, end]: Range, counts: Counts): Arrivals {
  return { sent: end - first, ...counts };
}
