import { runToEnd } from '../../support/programs.ts';

/** npm failed for another reason than an unreachable registry. */
export class NpmFailed extends Error {
  override readonly name = 'NpmFailed';
}

/** npm's messages for an unreachable registry and for offline mode. */
const OUT_OF_REACH =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/;

/**
 * Runs npm in `folder` with packages from its cache or the registry, with short time-outs.
 *
 * @returns false when packages are missing because the registry is unreachable
 * @throws NpmFailed
 */
export async function npmFetches(folder: string, args: readonly string[]): Promise<boolean> {
  const fast = ['--prefer-offline', '--fetch-retries=0', '--fetch-timeout=20000'];
  const all = [...args, '--prefix', folder, ...fast];
  const { code, output } = await runToEnd('npm', all, { timeoutMs: 90_000 });
  if (code === 0) return true;
  if (isOutOfReach(output)) return false;
  throw new NpmFailed(`npm ${all.join(' ')} ended with ${code}: ${output}`);
}

/** Whether npm's output reports an unreachable registry and nothing else. */
export function isOutOfReach(output: string): boolean {
  return OUT_OF_REACH.test(output);
}
