// The guest's side of `npm run lab -- sriov`: runs the experiment, and leaves the report in the folder
// that the guest shares with the host.
//
//     node in-guest.js OPTIONS        SriovOptions as JSON
import { leaveResult } from '../kernel/guest-result.ts';
import { progress } from '../testbed/progress.ts';
import { errorMessage } from '../../text/error-message.ts';
import { startBed } from './bed/bed.ts';
import { stateOf } from './bed/state.ts';
import { strikeAll } from './faults.ts';
import { moveThereAndBack } from './moves.ts';
import type { SriovOptions } from './on-host.ts';
import { NO_MOVES, type SriovReport } from './report.ts';
import { Traffic } from './traffic/traffic.ts';

const [text = ''] = process.argv.slice(2);
const options: SriovOptions = JSON.parse(text);
const bed = await startBed();
try {
  progress('traffic …');
  const traffic = await Traffic.start(bed);
  const moves =
    options.moves === 0 ? NO_MOVES : await moveThereAndBack(bed, traffic, options.moves);
  const faults = await strikeAll(bed, traffic, options.faults);
  const [{ description }] = (await bed.daemon.control.status()).backends;
  const report: SriovReport = { ...moves, faults, backend: description };
  await traffic.end();
  await leaveResult(report);
} catch (error) {
  progress(errorMessage(error));
  progress(await stateOf(bed));
  throw error;
} finally {
  await bed.node.stop();
}
