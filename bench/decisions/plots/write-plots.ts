import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { meanFigures, type SettingFigures } from '../game/figures.ts';
import { grouped } from '../game/groups.ts';
import { type Covered, coveragePlot } from './coverage-plot.ts';
import { operationsPlot } from './operations-plot.ts';

const COVERED: readonly Covered[] = [
  { unit: 'bytes', of: (a) => a.byteCoverage },
  { unit: 'packets', of: (a) => a.packetCoverage },
];

/**
 * Writes the plots of a report into `folder`, which is created when missing: coverage by table for
 * each window length, and coverage against operations at the highest load.
 *
 * @returns the files written
 */
export async function writePlots(
  figures: readonly SettingFigures[],
  folder: string,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const ofWindow of grouped(figures, (f) => f.windowMs).values()) {
    const groups = grouped(ofWindow, (f) => `${f.load} ${f.entries}`);
    const means = [...groups.values()].map((group) => meanFigures(group));
    const heaviest = [...grouped(means, (f) => f.load).values()].at(-1) ?? means;
    for (const covered of COVERED) {
      const suffix = `${covered.unit}-${means[0].windowMs}ms.svg`;
      const coverage = join(folder, `coverage-${suffix}`);
      const operations = join(folder, `operations-${suffix}`);
      await writeFile(coverage, coveragePlot(means, covered));
      await writeFile(operations, operationsPlot(heaviest, covered));
      files.push(coverage, operations);
    }
  }
  return files;
}
