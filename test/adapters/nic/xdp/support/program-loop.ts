import { ProgramRun } from './program-run.ts';

/**
 * A process of its own that runs the program on one packet over and over, as another CPU would.
 * Arguments: pin path, object path, entries, ifindex, packet (hex), how long (ms). Prints the
 * number of runs.
 */
const [pinPath, objectPath, entries, ifindex, packet, forMs] = process.argv.slice(2);
const REPEAT = 10_000;

const program = await ProgramRun.load(pinPath, objectPath, Number(entries));
const bytes = Buffer.from(packet, 'hex');
process.stdout.write('running\n');
const end = performance.now() + Number(forMs);
let runs = 0;
while (performance.now() < end) {
  program.run(bytes, Number(ifindex), REPEAT);
  runs += REPEAT;
}
program.close();
process.stdout.write(`ran ${runs}\n`);
