// The guest's side of the bench `ingest-kernel`: Open vSwitch, and the measurements in its network
// namespace, whose figures it leaves in the folder shared with the bench.
//
//     node in-guest.js SIZES
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Cleanup } from '../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../lab/testbed/names.ts';
import { OvsInstance } from '../../lab/testbed/ovs.ts';
import { run } from '../../lab/testbed/run.ts';
import type { MeasuredOvs } from './figures.ts';

const MEASURE_MS = 500_000;

const [sizes = ''] = process.argv.slice(2);
await run('modprobe', ['openvswitch'], { timeoutMs: 30_000 });
const cleanup = new Cleanup();
try {
  const { runDir, vswitchdPid = 0, host } = await OvsInstance.start(cleanup, new NameMaker());
  const measured: MeasuredOvs = { runDir, vswitchdPid };
  const measure = fileURLToPath(new URL('measure.js', import.meta.url));
  const args = [measure, JSON.stringify(measured), sizes];
  const figures = await host.exec(process.execPath, args, { timeoutMs: MEASURE_MS });
  await writeFile('/run/lab/result', figures);
} finally {
  await cleanup.run();
}
