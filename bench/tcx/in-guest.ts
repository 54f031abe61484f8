// The guest's side of `npm run bench -- tcx`: measures both paths of one node in turn, and leaves the
// figures in the folder that the guest shares with the host.
//
//     node in-guest.js ROUNDS SIZES       SIZES as JSON
import { writeFile } from 'node:fs/promises';
import { carriedSince, KernelBed } from '../../lab/compare/bed/kernel-bed.ts';
import { TestNode } from '../../lab/testbed/node.ts';
import { progress } from '../../lab/testbed/progress.ts';
import { run } from '../../lab/testbed/run.ts';
import { measure, type Measured, MeasurementFailed, type Sizes } from './workloads.ts';

const [rounds = '1', text = '{}'] = process.argv.slice(2);
const sizes: Sizes = JSON.parse(text);
await run('modprobe', ['openvswitch'], { timeoutMs: 30_000 });
const node = await TestNode.start([], 'system', 'shared');
const bed = await KernelBed.onOpenVswitch(node);
const measured: { vswitch: Measured[]; tcx: Measured[] } = { vswitch: [], tcx: [] };
try {
  for (let round = 0; round < Number(rounds); round++) {
    // What the first of a pair warms up favours each of them in turn.
    const order = round % 2 === 0 ? (['vswitch', 'tcx'] as const) : (['tcx', 'vswitch'] as const);
    for (const path of order) {
      progress(`round ${round + 1} of ${rounds}: ${path}`);
      const figures = path === 'tcx' ? await measurePastVswitch() : await measure(bed, sizes);
      progress(textOf(figures));
      measured[path].push(figures);
    }
  }
  await writeFile('/run/lab/result', JSON.stringify(measured));
} finally {
  await bed.stop();
  await node.stop();
}

function textOf({ bulkBitsPerSecond, pacedBusy, pacedOwn, smallPerSecond }: Measured): string {
  const percent = (share: number): string => (100 * share).toFixed(1);
  return (
    `${Math.round(bulkBitsPerSecond / 1e6)} Mbit/s; ${percent(pacedBusy)} % of the processor at the fixed ` +
    `rate, and ${percent(pacedOwn)} % by this process; ${(smallPerSecond / 1e3).toFixed(1)} kpps`
  );
}

async function measurePastVswitch(): Promise<Measured> {
  const table = await bed.startTable('tcx');
  try {
    await carriedSince(table);
    const figures = await measure(bed, sizes);
    const { packets, bytes } = await carriedSince(table);
    if (packets < sizes.smallPackets || bytes < sizes.bulkBytes) {
      throw new MeasurementFailed(`the entries carried ${packets} packets and ${bytes} bytes`);
    }
    return figures;
  } finally {
    await table.close('withdraw');
  }
}
