import assert from 'node:assert/strict';
import { KernelFlowSource } from '../../adapters/ovs/kernel/flow-source.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { UnixctlClient } from '../../protocols/unixctl/client.ts';
import { NetlinkSocket } from '../../protocols/netlink/socket.ts';
import {
  FRAME_BYTES,
  RealOvs,
  rowOfMac,
  trafficFrame,
  trafficMac,
} from '../adapters/ovs/real-ovs.ts';
import { never } from '../contract/collect.ts';
import { describeFlowSource } from '../contract/flow-source.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { inNetworkNamespace } from '../../lab/testbed/network-namespace.ts';
import { PacketSocket } from '../../lab/testbed/packet-socket.ts';
import { SystemDatapath } from './support/system-datapath.ts';

const TRAFFIC = 20;

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

describe('flows of Open vSwitch in the kernel', () => {
  let real: RealOvs | undefined;
  let client: UnixctlClient;
  let vm1: PacketSocket | undefined;
  /** True while the rules are those of {@link rules}. */
  let areRulesKnown = false;

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'ovs', 'debian-python3');
    this.timeout(60_000);
    real = await RealOvs.start('system');
    client = new UnixctlClient({ runDir: real.ovs.runDir, timeoutMs: 5_000 });
    vm1 = new PacketSocket(real.vm(1).name, 'eth0');
  });
  after(async () => {
    vm1?.close();
    await client?.close();
    await real?.stop();
  });

  /** Every packet is a hit of a datapath flow or a miss. */
  async function counted(): Promise<number> {
    const shown = await client.text('dpctl/show', ['system@ovs-system'], never());
    const [, hit, missed] = /lookups: hit:(\d+) missed:(\d+)/.exec(shown) ?? [];
    return Number(hit) + Number(missed);
  }

  /** Sends packets one by one, so that only the first of them finds no flow. */
  async function send(n: number, packets: number): Promise<void> {
    for (let i = 0; i < packets; i++) {
      const before = await counted();
      vm1?.send(trafficFrame(n));
      await eventually('the packet', async () => (await counted()) > before, 5_000);
    }
  }

  async function setRules(node: RealOvs): Promise<void> {
    if (areRulesKnown) return;
    await node.rules(...rules());
    areRulesKnown = true;
  }

  describeFlowSource(
    'kernel datapath of Open vSwitch',
    async () => {
      assert(real !== undefined);
      const { ovs } = real;
      const host = ovs.host.name;
      const node = real;
      await setRules(node);
      await client.text('revalidator/purge', [], never());
      return {
        source: new KernelFlowSource({
          timeoutMs: 10_000,
          open: (protocol) => inNetworkNamespace(host, () => new NetlinkSocket(protocol)),
        }),
        inPort: 'vm1',
        outPort: 'vm2',
        frameBytes: FRAME_BYTES,
        send,
        find: (table, n) => rowOfMac(table, trafficMac(n)),
        forget: async () => void (await client.text('revalidator/purge', [], never())),
        drop: async (n) => {
          areRulesKnown = false;
          await ovs.ofctl('mod-flows', 'br0', `in_port=1,dl_src=${trafficMac(n)},actions=drop`);
          await node.settled();
        },
        restart: async () => {
          await ovs.stopVswitchd();
          areRulesKnown = false;
          await node.startVswitchd();
          await setRules(node);
        },
        breakSource: async () => {
          await ovs.stopVswitchd('SIGKILL');
          await ovs.host.exec('ovs-dpctl', ['del-dp', 'ovs-system']);
        },
        repairSource: async () => {
          areRulesKnown = false;
          await node.startVswitchd();
          await setRules(node);
        },
        now: () => performance.now(),
        close: () => Promise.resolve(),
      };
    },
    { ruleChanges: true, restarts: true, faults: true, timeoutMs: 60_000 },
  );
});

describe('the source of kernel flows on a real kernel', function () {
  this.timeout(60_000);
  const UFID = '00000000-0000-4000-8000-000000000001';
  const KEY = 'in_port(1),eth(src=02:00:00:00:00:01),eth_type(0x0800),ipv4(frag=no)';
  let datapath: SystemDatapath;
  let source: KernelFlowSource;
  let table: FlowTable;

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'ovs');
    datapath = await SystemDatapath.start();
    source = new KernelFlowSource({ timeoutMs: 10_000, open: datapath.open });
    table = new FlowTable();
  });
  after(async () => {
    await source?.close();
    await datapath?.stop();
  });

  async function row(): Promise<number> {
    table.begin(performance.now());
    const { skipped } = await source.read(table, never());
    table.end();
    assert.equal(skipped, 0);
    const rows = [...table.rows.subarray(0, table.count)];
    return rows.find((at) => formatFlowId(table.idAt(at)) === UFID) ?? -1;
  }

  it('sees a flow that is made', async () => {
    assert.equal(await row(), -1);
    await datapath.makeFlow(UFID, KEY, '2');
    const at = await row();
    assert.deepEqual(table.actionsAt(at), [{ kind: 'output', port: 'vnet2' }]);
    assert.equal(table.matchAt(at).inPort, 'p1');
  });

  it('reports changed actions at once, and learns of them, which its dumps leave out', async () => {
    const before = table.actionsVersionAt(await row());
    let calls = 0;
    const unsubscribe = source.onActionsChange(() => calls++);
    await datapath.changeFlow(UFID, KEY, 'push_vlan(vid=5,pcp=0),3');
    await eventually('the notification', () => calls > 0, 1_000);
    unsubscribe();
    const at = await row();
    assert.deepEqual(table.actionsAt(at), [
      { kind: 'push-vlan', tpid: 0x8100, vid: 5, pcp: 0 },
      { kind: 'output', port: 'tap-3' },
    ]);
    assert.equal(table.actionsVersionAt(at), before + 1);
  });

  it('learns of another mask under the same ufid', async () => {
    const fields = table.matchAt(await row()).fields.length;
    await datapath.deleteFlow(UFID);
    await datapath.makeFlow(UFID, KEY.replace('eth(', 'eth(dst=02:00:00:00:00:02,'), '2');
    assert.equal(table.matchAt(await row()).fields.length, fields + 1);
  });

  it('names a port anew when another gets its number', async () => {
    await datapath.deletePort('p1');
    assert.equal(table.matchAt(await row()).inPort, '1');
    await datapath.addPort('other', 1);
    assert.equal(table.matchAt(await row()).inPort, 'other');
  });

  it('loses a flow that is deleted', async () => {
    await datapath.deleteFlow(UFID);
    assert.equal(await row(), -1);
  });
});
