import type { Namespace } from '../../testbed/namespace.ts';
import type { Surroundings } from './surroundings.ts';

export type Hook = 'egress' | 'ingress';

/** Classic BPF that returns TC_ACT_SHOT. */
const DROP = '1,6 0 0 2';
/** Of the filter. */
const PRIORITY = '7';
const TABLE = 'compare';

/** A tc filter that drops every packet of a device. The qdisc for it may be there already. */
export function tcDrop(host: Namespace, device: string, hook: Hook): Surroundings {
  const hasQdisc = async (): Promise<boolean> =>
    (await host.exec('tc', ['qdisc', 'show', 'dev', device])).includes('clsact');
  let isOwnQdisc = false;
  return silent({
    apply: async () => {
      isOwnQdisc = !(await hasQdisc());
      if (isOwnQdisc) await host.exec('tc', ['qdisc', 'add', 'dev', device, 'clsact']);
      const filter = ['pref', PRIORITY, 'bpf', 'da', 'bytecode', DROP];
      await host.exec('tc', ['filter', 'add', 'dev', device, hook, ...filter]);
    },
    remove: async () => {
      if (!(await hasQdisc())) return;
      if (isOwnQdisc) await host.exec('tc', ['qdisc', 'delete', 'dev', device, 'clsact']);
      else await host.exec('tc', ['filter', 'delete', 'dev', device, hook, 'pref', PRIORITY]);
    },
  });
}

/** An nftables chain that drops every packet of a device. */
export function nftDrop(host: Namespace, device: string, hook: Hook): Surroundings {
  return silent({
    apply: async () => {
      const chain = `{ type filter hook ${hook} device ${device} priority 0; policy drop; }`;
      await host.exec('nft', [
        `add table netdev ${TABLE}; add chain netdev ${TABLE} drops ${chain}`,
      ]);
    },
    remove: async () => {
      const tables = await host.exec('nft', ['list', 'tables', 'netdev']);
      if (tables.includes(TABLE)) await host.exec('nft', [`delete table netdev ${TABLE}`]);
    },
  });
}

/** Surroundings that do nothing. */
export function nothing(): Surroundings {
  return silent({ apply: () => Promise.resolve(), remove: () => Promise.resolve() });
}

function silent(what: Pick<Surroundings, 'apply' | 'remove'>): Surroundings {
  return { counts: undefined, reported: () => Promise.resolve(0), ...what };
}
