import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../platform/package-root.ts';
import { EmulatedDaemon } from './emulated-daemon.ts';
import { dashboardFiles, FOLDER } from './grafana/all.ts';
import { metricsPage } from './metrics-page.ts';

/** Writes the generated files of the repository. */
async function main(): Promise<void> {
  for (const [name, text] of dashboardFiles()) write(`${FOLDER}/${name}`, text);
  write('docs/metrics.md', metricsPage(await scrape()));
}

async function scrape(): Promise<string> {
  const daemon = await EmulatedDaemon.start({ topFlows: 3 });
  try {
    await daemon.untilPlaced();
    return await daemon.metrics();
  } finally {
    await daemon.stop();
  }
}

function write(path: string, text: string): void {
  writeFileSync(join(packageRoot(), path), text);
  console.log(`wrote ${path}`);
}

await main();
