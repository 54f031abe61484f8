import type { Cleanup } from '../../../../../lab/testbed/cleanup.ts';
import type { NameMaker } from '../../../../../lab/testbed/names.ts';
import { createNftChain } from '../../../../../lab/testbed/nft.ts';
import { run } from '../../../../../lab/testbed/run.ts';
import { attachTcx } from '../../support/tcx.ts';

/** How another hook is added to a device; resolves to what removes it again. */
export type AddHook = (device: string, ifindex: number) => Promise<() => Promise<void>>;

type Direction = 'ingress' | 'egress';

const MATCH_ALL = ['u32', 'match', 'u32', '0', '0', 'flowid', '1:1'];
const PREFERENCE = '9';

/** Adds a filter, by default one that matches all packets, and the qdisc for it unless it is there. */
export function tcFilter(direction: Direction, filter: readonly string[] = MATCH_ALL): AddHook {
  return async (device) => {
    const isThere = (await run('tc', ['qdisc', 'show', 'dev', device])).includes('clsact');
    const at = ['dev', device, direction, 'pref', PREFERENCE];
    if (!isThere) await run('tc', ['qdisc', 'add', 'dev', device, 'clsact']);
    await run('tc', ['filter', 'add', ...at, ...filter]);
    return async () => {
      if (isThere) await run('tc', ['filter', 'delete', ...at]);
      else await run('tc', ['qdisc', 'delete', 'dev', device, 'clsact']);
    };
  };
}

/** Adds a chain that drops all packets. */
export function nftChain(cleanup: Cleanup, names: NameMaker, direction: Direction): AddHook {
  return async (device) => {
    const chain = await createNftChain(cleanup, names, device, direction, 'drop');
    return () => chain.delete();
  };
}

/** Adds a qdisc that delays packets, or where the kernel lacks it, one that only queues them. */
export const rootQdisc: AddHook = async (device) => {
  const add = ['qdisc', 'add', 'dev', device, 'root'];
  await run('tc', [...add, 'netem', 'delay', '1ms']).catch(() => run('tc', [...add, 'pfifo']));
  return async () => void (await run('tc', ['qdisc', 'delete', 'dev', device, 'root']));
};

/** Attaches a tcx program that accepts all packets. */
export function tcxProgram(direction: Direction): AddHook {
  return async (_, ifindex) => {
    const detach = attachTcx(ifindex, direction);
    return async () => detach();
  };
}
