import type { FlowView } from '../../../api/flow-views.ts';
import type { NorikaeDaemon } from '../../testbed/daemon.ts';
import { NotInTime, waitFor } from '../../testbed/wait.ts';

/** A flow that will be offloaded is, after this time, ms. */
const PLACED_MS = 1_000;
/** A flow without packets for longer is of an earlier run, ms. */
const RECENT_MS = 2_000;
/** Time for the counters of a few more ticks, ms. */
const TICKS_MS = 3_000;

/** Bytes that the NIC table has carried since the daemon started, read after now. */
export async function nicBytes(daemon: NorikaeDaemon): Promise<number> {
  const { sequence } = (await daemon.control.status()).tick;
  const look = async () => {
    const { tick, paths } = await daemon.control.status();
    // The tick after next begins after now.
    return tick.sequence > sequence + 1 ? paths.nic.bytes : undefined;
  };
  return waitFor('two ticks', look, { timeoutMs: TICKS_MS, everyMs: 20 });
}

/** Waits until no port is reported as not served, as long as a change of its device usually takes. */
export async function waitUntilServed(
  daemon: NorikaeDaemon,
  ports: readonly string[],
): Promise<void> {
  const look = async () => {
    const { backends } = await daemon.control.status();
    const unserved = backends.flatMap(({ unservedPorts }) => unservedPorts);
    return unserved.some(({ name }) => ports.includes(name)) ? undefined : true;
  };
  await unlessLate(waitFor('the ports are served', look, { timeoutMs: PLACED_MS }));
}

/** Waits until every flow from a port has an entry, as long as that usually takes. */
export async function waitUntilPlaced(
  daemon: NorikaeDaemon,
  port: string,
  timeoutMs = PLACED_MS,
): Promise<void> {
  const look = async () => {
    const flows = await flowsFrom(daemon, port);
    return flows.length > 0 && flows.every(({ entry }) => entry === 'offload') ? true : undefined;
  };
  await unlessLate(waitFor('the flows have entries', look, { timeoutMs }));
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
export async function reasonNotServed(daemon: NorikaeDaemon, port: string): Promise<string> {
  const [busiest] = (await flowsFrom(daemon, port)).toSorted((a, b) => b.packets - a.packets);
  if (busiest === undefined) return 'the vSwitch has no flow for it';
  const answer = await daemon.control.why(busiest.id);
  const refusal = answer.found ? answer.why.refusal : null;
  return refusal === null ? busiest.reason.text : refusal.detail;
}

async function flowsFrom(daemon: NorikaeDaemon, port: string): Promise<readonly FlowView[]> {
  return (await daemon.flows()).filter(
    ({ inPort, idleMs }) => inPort === port && idleMs < RECENT_MS,
  );
}
