import { sleep } from '../testbed/wait.ts';
import { progress } from '../testbed/progress.ts';
import type { SriovBed } from './bed/bed.ts';
import { RATE_POLICY } from './bed/rate-policy.ts';
import { flowsOfVm, placed, vfPackets } from './placement.ts';
import type { MovesReport } from './report.ts';
import type { Traffic } from './traffic/traffic.ts';

/** Time for traffic between two moves. */
const DWELL_MS = 700;
/** For packets on their way, before the virtual function is to be silent. */
const SETTLE_MS = 100;
const MAX_DECISIONS = 1_000;

/**
 * Lets the daemon move the VM's traffic to its virtual function and back: a connection comes, which makes
 * the flows busy for the policy, and goes again.
 *
 * @param moves there and back count as two
 */
export async function moveThereAndBack(
  bed: SriovBed,
  traffic: Traffic,
  moves: number,
): Promise<MovesReport> {
  await placed(bed, 'vswitch');
  const mark = await traffic.mark();
  const ms = { offload: [] as number[], onload: [] as number[] };
  let throughVf = 0;
  let strays = 0;
  for (let move = 0; move < moves; move += 2) {
    progress(`move ${move + 1} of ${moves}`);
    const before = await vfPackets(bed);
    ms.offload.push(
      await timed(async () => {
        await traffic.startLoad();
        await placed(bed, 'vf');
      }),
    );
    await sleep(DWELL_MS);
    ms.onload.push(
      await timed(async () => {
        await traffic.endLoad();
        await placed(bed, 'vswitch');
      }),
    );
    await sleep(SETTLE_MS);
    const back = await vfPackets(bed);
    throughVf += back - before;
    await sleep(DWELL_MS);
    strays += (await vfPackets(bed)) - back;
  }
  const noticed = await traffic.since(mark);
  const medianMs = { offload: median(ms.offload), onload: median(ms.onload) };
  return { ...(await decided(bed)), ...noticed, throughVf, strays, medianMs };
}

/** Moves of the VM that the daemon has recorded, and how many of them no rule of the policy decided. */
async function decided(bed: SriovBed): Promise<{ moves: number; unasked: number }> {
  const flows = await flowsOfVm(bed);
  const { decisions } = await bed.daemon.control.decisions({ flow: '', limit: MAX_DECISIONS });
  const { name, offload, onload } = RATE_POLICY;
  const byRule = { offload: `${name}/${offload}`, onload: `${name}/${onload}` };
  const moves = flows.map(({ id }) => decisions.filter(({ flow }) => flow === id));
  const unasked = moves
    .flat()
    .filter(({ to, rule }) => (to === 'offload' || to === 'onload') && byRule[to] !== rule);
  // Both flows move; a flow that moved alone counts.
  return { moves: Math.max(0, ...moves.map(({ length }) => length)), unasked: unasked.length };
}

async function timed(task: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await task();
  return performance.now() - startMs;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
