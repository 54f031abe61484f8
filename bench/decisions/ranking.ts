import { compare, type Comparison } from '../support/report.ts';
import { type Bound, maxWithoutForesight } from './game/bounds.ts';
import {
  type AlgorithmFigures,
  meanFigures,
  type SettingFigures,
  settingName,
} from './game/figures.ts';
import { grouped } from './game/groups.ts';
import { isOurs, NORIKAE, NORIKAE_PACKETS } from './algorithms/norikae.ts';

/** Smaller differences in coverage count as equal. */
const LEVEL = 0.0005;

/**
 * Ours compared with the best of the others for each load, table and window, as means over the
 * inputs: coverage in bytes and packets, and operations compared with the top-K that needs fewer.
 */
export function comparisonsOf(figures: readonly SettingFigures[]): Comparison[] {
  const groups = grouped(figures, (f) => `${f.windowMs} ${f.load} ${f.entries} ${f.hardware}`);
  return [...groups.values()].flatMap((group) => {
    const mean = meanFigures(group);
    const { ours, peers } = sides(mean, 'bytes');
    const byPackets = sides(mean, 'packets').ours ?? ours;
    if (ours === undefined || peers.length === 0) return [];
    const input = group.length > 1 ? 'mean' : mean.input;
    const where = `${settingName({ ...mean, input })}, ${mean.windowMs} ms`;
    const bytes = best(peers, (a) => a.byteCoverage);
    const packets = best(peers, (a) => a.packetCoverage);
    const sorted = peers.filter((a) => a.algorithm.startsWith('top-k'));
    const coverage = [
      compare(
        `${where}: bytes, beside ${bytes.algorithm}`,
        { ours: ours.byteCoverage * 100, peer: bytes.byteCoverage * 100 },
        '%',
        'higher',
      ),
      compare(
        `${where}: packets, beside ${packets.algorithm}`,
        { ours: (byPackets ?? ours).packetCoverage * 100, peer: packets.packetCoverage * 100 },
        '%',
        'higher',
      ),
    ];
    if (sorted.length === 0) return coverage;
    const busiest = best(sorted, (a) => -a.operationsPerSecond);
    return [
      ...coverage,
      compare(
        `${where}: operations, beside ${busiest.algorithm}`,
        { ours: ours.operationsPerSecond, peer: busiest.operationsPerSecond },
        'ops/s',
        'lower',
      ),
    ];
  });
}

/**
 * The number of settings in which ours is ahead, equal or behind, the worst one, and how close ours
 * comes to the lowest ceiling.
 */
export function rankingOf(figures: readonly SettingFigures[]): string[] {
  return [
    rankingBy(figures, 'bytes', (a) => a.byteCoverage),
    rankingBy(figures, 'packets', (a) => a.packetCoverage),
    ceilingShareBy(figures, 'bytes', (a) => a.byteCoverage),
    ceilingShareBy(figures, 'packets', (a) => a.packetCoverage),
  ].flat();
}

function ceilingShareBy(
  figures: readonly SettingFigures[],
  unit: keyof Bound,
  value: (a: AlgorithmFigures) => number,
): string[] {
  const shares = figures.flatMap((f) => {
    const { ours } = sides(f, unit);
    const max = maxWithoutForesight(f.bounds)[unit];
    return ours === undefined ? [] : [{ share: value(ours) / max, where: settingName(f) }];
  });
  if (shares.length === 0) return [];
  const mean = shares.reduce((sum, { share }) => sum + share, 0) / shares.length;
  const min = shares.reduce((a, b) => (b.share < a.share ? b : a));
  const [average, worst] = [mean, min.share].map((share) => `${(share * 100).toFixed(1)}%`);
  return [`${unit}, of the lowest ceiling: ${average} on average, ${worst} in ${min.where}`];
}

function rankingBy(
  figures: readonly SettingFigures[],
  unit: keyof Bound,
  value: (a: AlgorithmFigures) => number,
): string[] {
  const leads = figures.flatMap((f) => {
    const { ours, peers } = sides(f, unit);
    if (ours === undefined || peers.length === 0) return [];
    const peer = best(peers, value);
    const where = `${settingName(f)}, ${f.windowMs} ms`;
    return [{ lead: value(ours) - value(peer), where: `${where}, beside ${peer.algorithm}` }];
  });
  if (leads.length === 0) return [];
  const ahead = leads.filter(({ lead }) => lead > LEVEL).length;
  const behind = leads.filter(({ lead }) => lead < -LEVEL).length;
  const worst = leads.reduce((a, b) => (b.lead < a.lead ? b : a));
  const counts = `ahead in ${ahead}, level in ${leads.length - ahead - behind}, behind in ${behind}`;
  const furthest = `${(worst.lead * 100).toFixed(1)} points at the least (${worst.where})`;
  return [`${unit}, beside the best other of each setting: ${counts}; ${furthest}`];
}

/** Ours, and the opponents. */
export interface Sides {
  readonly ours: AlgorithmFigures | undefined;
  readonly peers: readonly AlgorithmFigures[];
}

/** Our algorithm for this unit; on a node, scarcity selects it. */
export function sides({ algorithms }: SettingFigures, unit: keyof Bound): Sides {
  const names = [NORIKAE.name, NORIKAE_PACKETS.name];
  const wanted = unit === 'bytes' ? names : names.toReversed();
  const found = wanted.map((name) => algorithms.find((a) => a.algorithm === name));
  return {
    ours: found[0] ?? found[1],
    peers: algorithms.filter((a) => !isOurs(a.algorithm)),
  };
}

function best(
  algorithms: readonly AlgorithmFigures[],
  value: (a: AlgorithmFigures) => number,
): AlgorithmFigures {
  return algorithms.reduce((a, b) => (value(b) > value(a) ? b : a));
}
