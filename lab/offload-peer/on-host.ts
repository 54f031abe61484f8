import { findKernel } from '../kernel/cache.ts';
import { resultOfGuest } from '../kernel/guest-result.ts';
import { nicModuleFile } from '../nic-module/build.ts';
import { existsSync } from 'node:fs';
import type { SystemResult } from './experiment.ts';
import { type PeerReport, reportOf } from './report.ts';
import { makeScene, type SceneChoice } from './scenes.ts';
import type { SystemName } from './systems.ts';

/** Booting, starting Open vSwitch and the daemon, on a machine that has other work, too. */
const SPARE_MS = 5 * 60_000;

/** The NIC in software has not been built. */
export class NicMissing extends Error {
  override readonly name = 'NicMissing';

  constructor(version: string) {
    super(`the NIC in software is not built for kernel ${version}; npm run setup builds it`);
  }
}

/**
 * Runs a scene with Open vSwitch's own offload and then with Norikae, each in a guest of its own. Lines of the
 * guests' consoles go to standard error.
 *
 * @throws {LabMissing}
 * @throws {NicMissing}
 * @throws {GuestDied}
 * @throws {GuestTimeout}
 * @throws {NoGuestResult}
 */
export async function runOffloadPeer(scene: SceneChoice): Promise<PeerReport> {
  const ovs = await runInGuest('ovs', scene);
  const norikae = await runInGuest('norikae', scene);
  return reportOf(makeScene(scene), { ovs, norikae });
}

/** Runs a scene with one system in a guest. @throws as {@link runOffloadPeer} */
export async function runInGuest(system: SystemName, scene: SceneChoice): Promise<SystemResult> {
  const kernel = findKernel('backports');
  if (!existsSync(nicModuleFile(kernel.version))) throw new NicMissing(kernel.version);
  return resultOfGuest({
    what: `the run of ${system}`,
    script: new URL('in-guest.js', import.meta.url),
    args: [system, scene.name, ...(scene.quick ? ['quick'] : [])],
    timeoutMs: makeScene(scene).durationMs + SPARE_MS,
    isResult: isSystemResult,
  });
}

function isSystemResult(value: unknown): value is SystemResult {
  return (
    typeof value === 'object' &&
    value !== null &&
    'carriedBytes' in value &&
    typeof value.carriedBytes === 'number' &&
    'reactionMs' in value &&
    Array.isArray(value.reactionMs)
  );
}
