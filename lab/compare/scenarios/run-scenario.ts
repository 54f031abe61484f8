import { progress } from '../../testbed/progress.ts';
import type { Bed } from '../bed/bed.ts';
import { deviation } from '../verdict/tolerances.ts';
import type { Difference } from '../verdict/verdict.ts';
import type { Quantity, Scenario, ScenarioRun } from './scenario.ts';

/** Both runs of a scenario. */
export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly without: ScenarioRun;
  readonly with: ScenarioRun;
  /** Those that appeared in every repetition. */
  readonly differences: readonly Difference[];
}

/** Runs a scenario without and with Norikae; when they differ, up to `rounds` times. */
export async function runScenario(
  bed: Bed,
  scenario: Scenario,
  rounds: number,
): Promise<ScenarioResult> {
  let result = await once(bed, scenario);
  for (let i = 1; i < rounds && result.differences.length > 0; i++) {
    progress(`${scenario.name} differs; repeating it (${i + 1} of ${rounds})`);
    const again = await once(bed, scenario);
    const before = new Set(result.differences.map(({ what }) => what));
    const differences = again.differences.filter(({ what }) => before.has(what));
    result = { ...again, differences };
  }
  return result;
}

async function once(bed: Bed, scenario: Scenario): Promise<ScenarioResult> {
  progress(`${scenario.name}, without Norikae: ${scenario.text}`);
  const without = await scenario.measure(bed, undefined);
  progress(`${scenario.name}, with Norikae`);
  const withNorikae = await scenario.measure(bed, (settings) =>
    bed.startDaemon('xdp-native', settings),
  );
  const differences = scenario.quantities.flatMap((quantity, i) =>
    differenceIn(quantity, without.values[i], withNorikae.values[i]),
  );
  return { scenario, without, with: withNorikae, differences };
}

function differenceIn(
  { what, worse, tolerance }: Quantity,
  without: number,
  withNorikae: number,
): readonly Difference[] {
  const how = deviation(without, withNorikae, tolerance);
  if (how === undefined || (worse !== 'either' && worse !== how)) return [];
  const shown = (value: number) => Math.round(value).toLocaleString('en');
  const text = `${what}: ${shown(without)} without Norikae, ${shown(withNorikae)} with it`;
  return [{ what, without, with: withNorikae, text }];
}
