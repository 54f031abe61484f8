// The host's side of a lane of tests in a guest: boots a kernel, runs mocha with the given arguments
// in it, prints its console, and sends the reporter's result to the parent process, as mocha would.
//
//     node on-host.js release MOCHA [ARGUMENT...]
//
// Without the kernel lab, mocha runs on the host, where the tests skip themselves.
import { fileURLToPath } from 'node:url';
import { findKernel, findPrograms, KERNEL_SOURCES, LabMissing } from '../cache.ts';
import { runGuest } from '../guest.ts';
import { runMocha } from './run-mocha.ts';

/** The tests of a guest take two minutes of a processor, and other work may keep the processors busy. */
const LANE_MS = 8 * 60_000;

// A guest must not outlive the test run.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();

const [source, ...args] = process.argv.slice(2);
process.exitCode = await runLane();

async function runLane(): Promise<number> {
  const kernel = labKernel();
  if (kernel === undefined) {
    const { status, result } = await runMocha(args);
    if (result !== undefined) process.send?.(result);
    return status;
  }
  const inGuest = fileURLToPath(new URL('in-guest.js', import.meta.url));
  const { status, result } = await runGuest({
    kernel,
    command: [process.execPath, inGuest, ...args],
    timeoutMs: LANE_MS,
    onLine: (line) => console.log(line),
  });
  if (result !== undefined) process.send?.(JSON.parse(result));
  return status;
}

function labKernel() {
  try {
    findPrograms();
    const known = KERNEL_SOURCES.find((name) => name === source);
    if (known === undefined) throw new LabMissing(`kernel named ${source}`);
    return findKernel(known);
  } catch (error) {
    if (!(error instanceof LabMissing)) throw error;
    console.log(`  the tests in a guest are skipped: ${error.message}`);
    return undefined;
  }
}
