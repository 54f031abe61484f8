// The guest's side of `npm run lab -- sriov`: runs the experiment, and leaves the report in the folder
// that the guest shares with the host.
//
//     node in-guest.js OPTIONS        SriovOptions as JSON
import { writeFile } from 'node:fs/promises';
import { moveThereAndBack } from './moves.ts';
import type { SriovOptions } from './on-host.ts';

const [text = ''] = process.argv.slice(2);
const options: SriovOptions = JSON.parse(text);
await writeFile('/run/lab/result', JSON.stringify(await moveThereAndBack(options)));
