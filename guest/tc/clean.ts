import type { Devices } from '../machine/devices.ts';
import { deleteAll } from './commands.ts';
import { GENERATIONS } from './priorities.ts';
import type { Tc } from './tc-program.ts';

/**
 * Removes what any agent has installed.
 *
 * @param what `transmit` loses no packet; `all` can, while the NIC delivers to the VF
 * @throws {TcUnusable}
 */
export async function clean(tc: Tc, devices: Devices, what: 'transmit' | 'all'): Promise<void> {
  const directions = what === 'all' ? (['transmit', 'receive'] as const) : (['transmit'] as const);
  const names = (await devices.list()).map(({ name }) => name);
  await tc.batch(
    directions.flatMap((direction) =>
      names.flatMap((name) => GENERATIONS.flatMap((g) => deleteAll(name, direction, g))),
    ),
  );
}
