import { BRIDGE } from '../../testbed/node.ts';
import type { OvsInstance } from '../../testbed/ovs.ts';
import { sleep } from '../../testbed/wait.ts';
import type { Agent } from '../guest/agent.ts';
import type { Surroundings } from './surroundings.ts';

export type Exporter = 'sflow' | 'netflow' | 'ipfix';

const COLLECTOR = { address: '127.0.0.1', port: 6343 };
const STREAM = 'collector';
/** Time within which they report what they have counted, ms. */
const REPORT_MS: Readonly<Record<Exporter, number>> = { sflow: 1_200, netflow: 1_500, ipfix: 200 };

/** Columns that make an exporter report every packet, soon. */
const COLUMNS: Readonly<Record<Exporter, readonly string[]>> = {
  sflow: ['agent=lo', 'sampling=1', 'polling=0', 'header=128'],
  netflow: ['active-timeout=1'],
  ipfix: ['sampling=1', 'cache-active-timeout=0', 'cache-max-flows=0'],
};

/** What each of them reports. */
const COUNTS: Readonly<Record<Exporter, string>> = {
  sflow: 'sFlow samples',
  netflow: 'packets in NetFlow records',
  ipfix: 'IPFIX messages',
};

/** A bridge that exports its traffic to a collector on the host. */
export function exporting(ovs: OvsInstance, host: Agent, exporter: Exporter): Surroundings {
  return {
    counts: COUNTS[exporter],
    apply: async () => {
      await host.open(STREAM, { kind: exporter, ...COLLECTOR });
      const target = `"${COLLECTOR.address}:${COLLECTOR.port}"`;
      const create = ['--id=@e', 'create', exporter, `targets=${target}`, ...COLUMNS[exporter]];
      await ovs.vsctl('set', 'bridge', BRIDGE, `${exporter}=@e`, '--', ...create);
    },
    reported: async () => {
      await sleep(REPORT_MS[exporter]);
      return host.reported(STREAM);
    },
    remove: async () => {
      await ovs.vsctl('clear', 'bridge', BRIDGE, exporter);
      await host.close(STREAM);
    },
  };
}
