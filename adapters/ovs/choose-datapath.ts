import type { UnixctlClient } from '../../protocols/unixctl/client.ts';
import { NoDatapath, SeveralDatapaths } from './errors.ts';

/**
 * Name of the only datapath, as `dpctl/dump-dps` prints it.
 *
 * @throws {NoDatapath} {@link SeveralDatapaths}, and the errors of `unixctl/errors.ts`
 */
export async function chooseDatapath(client: UnixctlClient, signal: AbortSignal): Promise<string> {
  const reply = await client.text('dpctl/dump-dps', [], signal);
  const names = reply.split('\n').filter((line) => line !== '');
  if (names.length === 0) throw new NoDatapath();
  if (names.length > 1) throw new SeveralDatapaths(names);
  return names[0];
}
