import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../testbed/run.ts';

/** Debian's python3, for ioctls, which Node lacks. */
const PYTHON = '/usr/bin/python3';
const INSERT_MS = 60_000;

/** Both ends of the UDP flow that a receive filter steers; addresses like `10.9.0.1`. */
export interface UdpTuple {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/**
 * Inserts receive filters for UDP flows one by one, as `ethtool -N` does, but many in one process.
 *
 * @param vf number of the virtual function that gets the packets, from 0
 * @returns for each filter its location, or the name of the error, such as `EBUSY`
 * @throws {CommandFailed}
 */
export async function insertFilters(
  device: string,
  vf: number,
  filters: readonly UdpTuple[],
): Promise<readonly (number | string)[]> {
  const lines = filters.map(
    ({ source, destination, sourcePort, destinationPort }) =>
      `${source} ${destination} ${sourcePort} ${destinationPort}\n`,
  );
  const args = [script(), device, String(vf)];
  const output = await run(PYTHON, args, { input: lines.join(''), timeoutMs: INSERT_MS });
  const answers = output.split('\n').filter((line) => line !== '');
  return answers.map((answer) => (/^\d+$/.test(answer) ? Number(answer) : answer));
}

/** filters.py is next to the source of this module; dist/ has no copy. */
function script(): string {
  const here = fileURLToPath(new URL('filters.py', import.meta.url));
  if (existsSync(here)) return here;
  return fileURLToPath(new URL('../../../lab/nic-module/filters.py', import.meta.url));
}
