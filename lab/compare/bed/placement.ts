import type { FlowView } from '../../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../testbed/daemon.ts';
import { NotInTime, waitFor } from '../../testbed/wait.ts';
import type { Pace } from './pace.ts';

/** Bytes that the NIC table has carried since the daemon started, read after now. */
export async function nicBytes(daemon: NorikaeDaemon, pace: Pace): Promise<number> {
  const { sequence } = (await daemon.control.status()).tick;
  const look = async () => {
    const { tick, paths } = await daemon.control.status();
    // The tick after next begins after now.
    return tick.sequence > sequence + 1 ? paths.nic.bytes : undefined;
  };
  return waitFor('two ticks', look, { timeoutMs: pace.ticksMs, everyMs: pace.askMs });
}

/** Waits until no port is reported as not served, as long as a change of its device usually takes. */
export async function waitUntilServed(
  daemon: NorikaeDaemon,
  ports: readonly string[],
  { placedMs, askMs }: Pace,
): Promise<void> {
  const look = async () => {
    const { backends } = await daemon.control.status();
    const unserved = backends.flatMap(({ unservedPorts }) => unservedPorts);
    return unserved.some(({ name }) => ports.includes(name)) ? undefined : true;
  };
  const options = { timeoutMs: placedMs, everyMs: askMs };
  await unlessLate(waitFor('the ports are served', look, options));
}

/** Waits until every flow from a port has an entry, as long as that usually takes. */
export async function waitUntilPlaced(
  daemon: NorikaeDaemon,
  port: string,
  pace: Pace,
  timeoutMs = pace.placedMs,
): Promise<void> {
  const look = async () => {
    const flows = await flowsFrom(daemon, port, pace);
    return flows.length > 0 && flows.every(({ entry }) => entry === 'offload') ? true : undefined;
  };
  await unlessLate(waitFor('the flows have entries', look, { timeoutMs, everyMs: pace.askMs }));
}

/** What does not become true in time shows in the result of the case. */
async function unlessLate(wait: Promise<true>): Promise<void> {
  try {
    await wait;
  } catch (error) {
    if (!(error instanceof NotInTime)) throw error;
  }
}

/** Why no byte from the port was offloaded, in the daemon's words. */
export async function reasonNotServed(
  daemon: NorikaeDaemon,
  port: string,
  pace: Pace,
): Promise<string> {
  const [busiest] = (await flowsFrom(daemon, port, pace)).toSorted((a, b) => b.packets - a.packets);
  if (busiest === undefined) return 'the vSwitch has no flow for it';
  const answer = await daemon.control.why(busiest.id);
  const refusal = answer.found ? answer.why.refusal : null;
  return refusal === null ? busiest.reason.text : refusal.detail;
}

async function flowsFrom(
  daemon: NorikaeDaemon,
  port: string,
  { recentMs }: Pace,
): Promise<readonly FlowView[]> {
  return (await daemon.flows()).filter(
    ({ inPort, idleMs }) => inPort === port && idleMs < recentMs,
  );
}
