import type { FlowView } from '../../../api/flow-views.ts';
import { errorMessage } from '../../../text/error-message.ts';
import type { NorikaeDaemon } from '../../testbed/daemon.ts';
import { ProcessTrouble } from '../../testbed/managed-process.ts';
import { waitFor } from '../../testbed/wait.ts';
import type { Placement } from '../model/cells.ts';

/** Longest move of all connections, ms. */
const MOVE_MS = 20_000;
/** A flow with more than this carries the data of a connection, bits/s. */
const DATA_BITS_PER_SECOND = 100_000;

/** The flows that are to be moved. */
export interface MovedFlows {
  /** At least so many carry data when they are offloaded. */
  readonly count: number;
  readonly isMoved: (flow: FlowView) => boolean;
  /** What the daemon calls the placement. */
  readonly offload: FlowView['placement'];
}

/** Has the daemon move all flows to a placement; resolves when those that carry data are there. */
export async function placeAll(
  daemon: NorikaeDaemon,
  placement: Placement,
  { count, isMoved, offload }: MovedFlows,
): Promise<void> {
  if (placement === 'onload') await daemon.control.onloadAll();
  else await daemon.control.resume();
  const wanted = placement === 'onload' ? 'onload' : offload;
  let seen: readonly FlowView[] = [];
  const there = async () => {
    seen = (await daemon.flows()).filter(isMoved);
    const busy = seen.filter((flow) => flow.bitsPerSecond > DATA_BITS_PER_SECOND);
    // On a vSwitch that drops most of what it gets, a connection can be silent for seconds.
    const enough = placement === 'onload' ? busy.length > 0 : busy.length >= count;
    return (enough && busy.every((flow) => flow.placement === wanted)) || undefined;
  };
  const options = { timeoutMs: MOVE_MS };
  await waitFor(`all connections on ${wanted}`, there, options).catch((error: unknown) => {
    const flows = seen.map(
      ({ match, bitsPerSecond, placement: at, reason }) =>
        `${match}: ${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s, ${at}, ${reason.text}`,
    );
    const lines = [errorMessage(error), ...flows, daemon.process.tail()];
    throw new ProcessTrouble(lines.join('\n'), { cause: error });
  });
}
