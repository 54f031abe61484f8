import type { Bound } from './game/bounds.ts';
import { meanFigures, type PairedLead, type SettingFigures, settingName } from './game/figures.ts';
import { type Sides, sides } from './ranking.ts';

/** 97.5 % quantiles of Student's t distribution for 1, 2, ... degrees of freedom. */
const T_975: readonly number[] = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045,
];
const T_975_NORMAL = 1.96;

/** The lower end of an interval that counts as level, as a share of the traffic: -0.3 points. */
const LEVEL_LOW = -0.003;

/**
 * By how much ours is ahead of the best opponent in one setting, paired over the runs, one for each
 * seed; undefined without two runs, ours and an opponent.
 */
export function leadsOf(runs: readonly SettingFigures[]): SettingFigures['leads'] {
  const bytes = leadBy(runs, 'bytes');
  const packets = leadBy(runs, 'packets');
  return bytes === undefined || packets === undefined ? undefined : { bytes, packets };
}

/** The number of contended settings whose interval ends below the level, and the worst of them. */
export function leadNotes(figures: readonly SettingFigures[]): string[] {
  return (['bytes', 'packets'] as const).flatMap((unit) => {
    const leads = figures.flatMap((f) => {
      const lead = f.leads?.[unit];
      return lead === undefined || !isContended(f) ? [] : [{ f, lead }];
    });
    if (leads.length === 0) return [];
    const below = leads.filter(({ lead }) => lead.low < LEVEL_LOW);
    const worst = below
      .toSorted((a, b) => a.lead.low - b.lead.low)
      .map(({ f, lead }) => `${settingName(f)}, ${f.windowMs} ms: ${leadText(lead)}`);
    return [
      `${unit}: the 95 % interval ends below -0.3 points in ${below.length} of ${leads.length} contended settings`,
      ...worst.map((line) => `  ${line}`),
      ...dominatedBy(figures, unit),
    ];
  });
}

/** Opponents with more coverage and fewer operations than ours, setting by setting. */
function dominatedBy(figures: readonly SettingFigures[], unit: keyof Bound): string[] {
  const better = figures.filter(isContended).flatMap((f) => {
    const { ours, peers } = sides(f, unit);
    if (ours === undefined) return [];
    return peers
      .filter((p) => p.operationsPerSecond < ours.operationsPerSecond)
      .filter((p) => coverage(p, unit) > coverage(ours, unit))
      .map((p) => {
        const points = ((coverage(p, unit) - coverage(ours, unit)) * 100).toFixed(1);
        const operations = (p.operationsPerSecond / ours.operationsPerSecond).toFixed(2);
        return `  ${settingName(f)}, ${f.windowMs} ms: ${p.algorithm}, ${points} points more, ${operations} of the operations`;
      });
  });
  return [
    `${unit}: opponents with more coverage and fewer operations: ${better.length}`,
    ...better,
  ];
}

/** Flows want more entries than the table has. */
function isContended({ load, entries }: SettingFigures): boolean {
  return load === undefined || load > entries;
}

function leadText({ opponent, mean, low, high }: PairedLead): string {
  const [m, l, h] = [mean, low, high].map((share) => (share * 100).toFixed(2));
  return `${m} (${l} to ${h}) beside ${opponent}`;
}

function leadBy(runs: readonly SettingFigures[], unit: keyof Bound): PairedLead | undefined {
  const { ours, peers } = sides(meanFigures(runs), unit);
  if (runs.length < 2 || ours === undefined || peers.length === 0) return undefined;
  const best = peers.reduce((a, b) => (coverage(b, unit) > coverage(a, unit) ? b : a));
  const differences = runs.map(
    (run) => of(run, ours.algorithm, unit) - of(run, best.algorithm, unit),
  );
  const n = differences.length;
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1);
  const half = (T_975[n - 2] ?? T_975_NORMAL) * Math.sqrt(variance / n);
  return { opponent: best.algorithm, mean, low: mean - half, high: mean + half, seeds: n };
}

function of({ algorithms }: SettingFigures, name: string, unit: keyof Bound): number {
  const found = algorithms.find((a) => a.algorithm === name);
  return found === undefined ? Number.NaN : coverage(found, unit);
}

function coverage(algorithm: NonNullable<Sides['ours']>, unit: keyof Bound): number {
  return unit === 'bytes' ? algorithm.byteCoverage : algorithm.packetCoverage;
}
