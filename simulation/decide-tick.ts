import { BackendsFailed } from '../engine/loop/backend-failure.ts';
import type { Engine } from '../engine/loop/engine.ts';
import type { TickReport } from '../engine/loop/tick-report.ts';
import type { Tick } from '../engine/model/tick.ts';

/** A tick of a simulation. Its sources never fail and are always fresh. */
export type SimulatedTick = Omit<Tick, 'sources' | 'flowsFresh' | 'fresh'>;

/** A simulated tick was not allowed to move flows, so its results are not valid. */
export class SimulatedTickHeld extends Error {
  override readonly name = 'SimulatedTickHeld';
}

/**
 * Runs a tick of a simulation through an engine.
 *
 * @throws {SimulatedTickHeld} when the tick was not allowed to move flows
 * @throws {BackendsFailed} when a backend failed; backends in memory never do, so the results would
 * be wrong
 */
export async function decideTick(
  engine: Engine,
  tick: SimulatedTick,
  signal: AbortSignal,
): Promise<TickReport> {
  const report = await engine.onTick(
    { ...tick, sources: [], flowsFresh: true, fresh: true },
    signal,
  );
  const { permission, failures } = report;
  if (permission.may !== 'move') {
    throw new SimulatedTickHeld(
      `simulated tick ${tick.sequence} moved no flows: it may only ${permission.may} (${permission.why})`,
    );
  }
  if (failures.length > 0) throw new BackendsFailed(`simulated tick ${tick.sequence}`, failures);
  return report;
}
