// The guest's side of `npm run lab -- offload-peer`: runs one system, and leaves the result in the folder
// that the guest shares with the host.
//
//     node in-guest.js SYSTEM SCENE [quick]
import { leaveResult } from '../kernel/guest-result.ts';
import { run } from '../testbed/run.ts';
import { runSystem } from './experiment.ts';
import { makeScene, SCENE_NAMES } from './scenes.ts';

const [name = '', sceneName = '', size] = process.argv.slice(2);
if (name !== 'ovs' && name !== 'norikae') throw new TypeError(`no system ${name}`);
const scene = SCENE_NAMES.find((one) => one === sceneName);
if (scene === undefined) throw new TypeError(`no scene ${sceneName}`);
// Loaded before they are needed: an emulated processor takes long.
const modules = ['openvswitch', 'cls_flower', 'act_mirred', 'act_gact', 'sch_ingress'];
await run('modprobe', ['-a', ...modules], { timeoutMs: 30_000 });
const result = await runSystem(name, makeScene({ name: scene, quick: size === 'quick' }));
await leaveResult(result);
