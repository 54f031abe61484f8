// The guest's side of `npm run lab -- offload-peer`: runs one system, and leaves the result in the folder
// that the guest shares with the host.
//
//     node in-guest.js SYSTEM OPTIONS        options of the scene as JSON
import { writeFile } from 'node:fs/promises';
import { run } from '../testbed/run.ts';
import { runSystem } from './experiment.ts';
import { makeScene, type SceneOptions } from './scene.ts';

const [name = '', text = '{}'] = process.argv.slice(2);
if (name !== 'ovs' && name !== 'norikae') throw new TypeError(`no system ${name}`);
const options: SceneOptions = JSON.parse(text);
// Loaded before they are needed: an emulated processor takes long.
const modules = ['openvswitch', 'cls_flower', 'act_mirred', 'act_gact', 'sch_ingress'];
await run('modprobe', ['-a', ...modules], { timeoutMs: 30_000 });
const result = await runSystem(name, makeScene(options));
await writeFile('/run/lab/result', JSON.stringify(result));
