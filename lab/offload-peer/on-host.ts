import { fileURLToPath } from 'node:url';
import { findKernel } from '../kernel/cache.ts';
import { runGuest } from '../kernel/guest.ts';
import { nicModuleFile } from '../nic-module/build.ts';
import { existsSync } from 'node:fs';
import type { SystemResult } from './experiment.ts';
import { type PeerReport, reportOf } from './report.ts';
import { makeScene, type SceneChoice } from './scenes.ts';
import type { SystemName } from './systems.ts';

/** Booting, starting Open vSwitch and the daemon, on a machine that has other work, too. */
const SPARE_MS = 5 * 60_000;

/** A guest ended without a result. */
export class NoResult extends Error {
  override readonly name = 'NoResult';

  constructor(system: SystemName, status: number) {
    super(`the run of ${system} ended with exit status ${status}; its messages are above`);
  }
}

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
 * @throws {NoResult}
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
  const inGuest = fileURLToPath(new URL('in-guest.js', import.meta.url));
  const { status, result } = await runGuest({
    kernel,
    command: [process.execPath, inGuest, system, scene.name, ...(scene.quick ? ['quick'] : [])],
    timeoutMs: makeScene(scene).durationMs + SPARE_MS,
    onLine: (line) => console.error(line),
  });
  const found: unknown = result === undefined ? undefined : JSON.parse(result);
  if (status !== 0 || !isSystemResult(found)) throw new NoResult(system, status);
  return found;
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
