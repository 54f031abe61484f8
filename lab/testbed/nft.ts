import type { Cleanup, Undo } from './cleanup.ts';
import type { NameMaker } from './names.ts';
import { run, runNow } from './run.ts';

/** A table of nftables with one chain that is hooked to a device. */
export interface NftChain {
  readonly table: string;
  /** Deletes the table; no error when it does not exist. */
  delete(): Promise<void>;
}

/**
 * Hooks a chain to a device of our namespace.
 *
 * @param policy what happens to its packets
 */
export async function createNftChain(
  cleanup: Cleanup,
  names: NameMaker,
  device: string,
  hook: 'ingress' | 'egress',
  policy: 'accept' | 'drop',
): Promise<NftChain> {
  const table = names.next('t');
  const chain = `{ type filter hook ${hook} device ${device} priority 0; policy ${policy}; }`;
  const remove = `delete table netdev ${table}`;
  await run('nft', [`add table netdev ${table}; add chain netdev ${table} guard ${chain}`]);
  const undo: Undo = {
    name: `nftables table ${table}`,
    undo: async () => {
      const tables = await run('nft', ['list', 'tables', 'netdev']);
      if (tables.includes(table)) await run('nft', [remove]);
    },
    undoNow: () => runNow('nft', [remove]),
  };
  cleanup.add(undo);
  return {
    table,
    delete: async () => {
      cleanup.remove(undo);
      await undo.undo();
    },
  };
}
