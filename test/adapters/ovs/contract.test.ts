import { OvsFlowVerifier } from '../../../adapters/ovs/flow-verifier.ts';
import { OvsPortDirectory } from '../../../adapters/ovs/port-directory.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { never } from '../../contract/collect.ts';
import { describeFlowSource } from '../../contract/flow-source.ts';
import { describeFlowVerifier } from '../../contract/flow-verifier.ts';
import { describePortDirectory } from '../../contract/port-directory.ts';
import { needs } from '../../support/needs.ts';
import { FRAME_BYTES, RealOvs, rowOfMac, trafficFrame, trafficMac } from './real-ovs.ts';

const TRAFFIC = 20;

/** An Open vSwitch for the tests of a suite, each of which sets its rules and ports anew. */
function sharedOvs(): () => RealOvs {
  let real: RealOvs | undefined;

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'debian-python3');
    this.timeout(60_000);
    real = await RealOvs.start();
  });
  after(() => real?.stop());

  return () => {
    if (real === undefined) throw new Error('Open vSwitch was not started');
    return real;
  };
}

/** One rule for each kind of traffic, so that each gets a megaflow of its own. */
function rules(): string[] {
  return [
    'priority=0,actions=drop',
    ...Array.from(
      { length: TRAFFIC },
      (_, n) => `priority=10,in_port=1,dl_src=${trafficMac(n)},actions=output:2`,
    ),
  ];
}

describe('flows of Open vSwitch', () => {
  const shared = sharedOvs();

  describeFlowSource(
    'Open vSwitch',
    async () => {
      const real = shared();
      const { ovs } = real;
      const start = async (): Promise<void> => {
        await real.startVswitchd();
        await real.rules(...rules());
      };
      await real.rules(...rules());
      // Megaflows of the test before.
      await ovs.appctl('revalidator/purge');
      return {
        source: real.source(),
        inPort: 'vm1',
        outPort: 'vm2',
        frameBytes: FRAME_BYTES,
        send: (n, packets) => real.send(Array.from({ length: packets }, () => trafficFrame(n))),
        find: (table, n) => rowOfMac(table, trafficMac(n)),
        forget: async () => void (await ovs.appctl('revalidator/purge')),
        drop: async (n) => {
          await ovs.ofctl('mod-flows', 'br0', `in_port=1,dl_src=${trafficMac(n)},actions=drop`);
          await real.settled();
        },
        restart: async () => {
          await ovs.stopVswitchd();
          await start();
        },
        breakSource: () => ovs.stopVswitchd('SIGKILL'),
        repairSource: start,
        now: () => performance.now(),
        close: () => Promise.resolve(),
      };
    },
    { ruleChanges: true, restarts: true, faults: true, timeoutMs: 60_000 },
  );
});

describe('ports of Open vSwitch', () => {
  const shared = sharedOvs();

  before(() => shared().addVm(3));

  describePortDirectory(
    'OVSDB',
    async () => {
      const real = shared();
      const { ovs } = real;
      await real.deletePort('vm3');
      const add = (name: string): Promise<void> => real.addPort(Number(name.slice(2)));
      return {
        directory: new OvsPortDirectory({ socket: `unix:${ovs.dbSocket}`, timeoutMs: 2_000 }),
        vmPort: { name: 'vm1', vm: 'machine1', slice: 'gold' },
        sparePort: 'vm3',
        addPort: () => add('vm3'),
        removePort: (name) => real.deletePort(name),
        recreatePort: add,
        disconnect: () => ovs.stopDatabase(),
        reconnect: () => ovs.startDatabase(),
        close: () => Promise.resolve(),
      };
    },
    { disconnects: true, timeoutMs: 60_000 },
  );
});

describe('traces of Open vSwitch', () => {
  const shared = sharedOvs();

  describeFlowVerifier('Open vSwitch', async () => {
    const real = shared();
    const { ovs } = real;
    const source = real.source();
    await real.rules(...rules());
    await ovs.appctl('revalidator/purge');
    await real.send([trafficFrame(0), trafficFrame(0)]);
    const read = async (): Promise<{ table: FlowTable; row: number }> => {
      const table = new FlowTable();
      table.begin(performance.now());
      await source.read(table, never());
      table.end();
      return { table, row: rowOfMac(table, trafficMac(0)) };
    };
    const { table, row } = await read();
    let paused = false;
    return {
      verifier: new OvsFlowVerifier({ runDir: ovs.runDir, timeoutMs: 5_000 }),
      flow: table.specAt(row),
      packets: async () => {
        const now = await read();
        return now.table.traffic.rawPackets[now.row];
      },
      changeRules: async () => {
        await ovs.appctl('revalidator/pause');
        paused = true;
        const from = `in_port=1,dl_src=${trafficMac(0)}`;
        await ovs.ofctl('mod-flows', 'br0', `${from},actions=drop`);
        return [];
      },
      close: async () => {
        // Without a pause, vswitchd would wait without end.
        if (paused) await ovs.appctl('revalidator/resume');
        await source.close();
      },
    };
  });
});
