import assert from 'node:assert/strict';
import { NoDatapath, SeveralDatapaths } from '../../../adapters/ovs/errors.ts';
import { OvsFlowLookup } from '../../../adapters/ovs/flow-lookup.ts';
import { OvsFlowSource } from '../../../adapters/ovs/flow-source.ts';
import { OvsPortDirectory } from '../../../adapters/ovs/port-directory.ts';
import { UnixctlCommandError } from '../../../protocols/unixctl/errors.ts';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import { sameActions } from '../../../engine/model/same-actions.ts';
import { sameMatch } from '../../../engine/model/same-match.ts';
import { never } from '../../contract/collect.ts';
import { needs } from '../../support/needs.ts';
import { show, showActions } from './dump/dump-lines.ts';
import { answer, FakeServer } from '../../protocols/json-rpc/fake-server.ts';
import { dnsFrame, RealOvs } from './real-ovs.ts';
import { eventually } from '../../support/eventually.ts';
import { asError } from '../../../text/error-message.ts';

/**
 * Flows as `dpctl/add-flow` takes them, what the parser must make of their match, and of their
 * actions: OVS itself formats what is parsed.
 */
const FLOWS: readonly (readonly [key: string, actions: string, match: string, done: string])[] = [
  [
    'eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x8100),vlan(vid=10,pcp=3),encap(eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.0/255.255.255.0,proto=6,tos=0/0x3,ttl=64,frag=no),tcp(src=1000/0xfff0,dst=80))',
    'pop_vlan,push_vlan(vid=20,pcp=1),set(eth(src=02:00:00:00:00:09)),set(ipv4(src=1.2.3.4,ttl=63)),set(tcp(dst=8080)),2',
    'eth_src=020000000001 eth_dst=020000000002 vlan_tpid=8100 vlan_vid=000a vlan_pcp=03 eth_type=0800 ipv4_src=0a000001 ipv4_dst=0a000000/ffffff00 ip_proto=06 ip_tos=00/03 ip_ttl=40 ip_frag=00 tcp_src=03e0/fff0 tcp_dst=0050',
    'pop push:8100:20:1 set:eth_src=020000000009 set:ipv4_src=01020304 set:ip_ttl=3f set:tcp_dst=1f90 >PORT2',
  ],
  [
    'eth(src=02:00:00:00:00:01,dst=ff:ff:ff:ff:ff:ff),eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1,sha=02:00:00:00:00:01,tha=00:00:00:00:00:00)',
    'drop',
    'eth_src=020000000001 eth_dst=ffffffffffff eth_type=0806 arp_op=0001 arp_spa=0a000001 arp_tpa=0a000002 arp_sha=020000000001 arp_tha=000000000000',
    '',
  ],
  [
    'eth(),eth_type(0x86dd),ipv6(proto=58,frag=no),icmpv6(type=135,code=0),nd(target=fe80::1,sll=02:00:00:00:00:01)',
    'set(nd(target=fe80::2)),set(ipv6(dst=fe80::2,hlimit=3)),check_pkt_len(size=100,gt(2),le(1))',
    'eth_type=86dd ip_proto=3a ip_frag=00 icmpv6_type=87 icmpv6_code=00 nd_target=fe800000000000000000000000000001 nd_sll=020000000001',
    'set:nd_target=fe800000000000000000000000000002 set:ipv6_dst=fe800000000000000000000000000002 set:ip_ttl=03 ?check_pkt_len(size=100,gt(PORT2),le(PORT1))',
  ],
  [
    'eth(),eth_type(0x0800),ipv4(proto=6,frag=no),tcp(src=1),tcp_flags(syn|ack)',
    'sample(sample=50.0%,actions(1)),clone(2),meter(1),trunc(100),2',
    'eth_type=0800 ip_proto=06 ip_frag=00 tcp_src=0001 tcp_flags=0012',
    '?sample(sample=50.0%,actions(PORT1)) ?clone(PORT2) ?meter(1) ?trunc(100) >PORT2',
  ],
  [
    'tunnel(tun_id=0x1,src=1.1.1.1,dst=2.2.2.2,ttl=64,tp_dst=4789,flags(-df-csum+key)),eth(),eth_type(0x0800),ipv4(proto=1,frag=no),icmp(type=8,code=0)',
    'set(tunnel(tun_id=0x5,src=1.1.1.1,dst=3.3.3.3,ttl=64,tp_dst=4789,flags(df|key))),2',
    'eth_type=0800 ip_proto=01 ip_frag=00 icmp_type=08 icmp_code=00 tunnel(tun_id=0x1,src=1.1.1.1,dst=2.2.2.2,ttl=64,tp_dst=4789,flags(-df-csum+key))',
    '?set(tunnel(tun_id=0x5,src=1.1.1.1,dst=3.3.3.3,ttl=64,tp_dst=4789,flags(df|key))) >PORT2',
  ],
];

describe('a real Open vSwitch', function () {
  this.timeout(60_000);
  let real: RealOvs;

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'debian-python3');
    real = await RealOvs.start();
    await real.rules('actions=drop');
  });
  after(async () => {
    await real?.stop();
  });

  it('formats flows that are read as they were put in', async () => {
    const { ovs } = real;
    const ports = await ovs.appctl('dpctl/show', 'netdev@ovs-netdev');
    const number = (name: string): string =>
      new RegExp(`port (\\d+): ${name}\\b`).exec(ports)?.[1] ?? '';
    const names = new Map([1, 2].map((n) => [number(`vm${n}`), `vm${n}`]));
    const nameOf = (n: string): string => names.get(n) ?? (n === '1' ? 'br0' : n);
    const source = real.source();
    try {
      for (const [key, actions, match, done] of FLOWS) {
        await ovs.appctl('revalidator/purge');
        const where = `in_port(${number('vm1')}),`;
        const full = key.startsWith('tunnel(')
          ? key.replace(',eth()', `,${where}eth()`)
          : where + key;
        await ovs.appctl('dpctl/add-flow', 'netdev@ovs-netdev', full, actions);
        const table = new FlowTable();
        for (const look of [1, 2]) {
          table.begin(look);
          const cost = await source.read(table, never());
          table.end();
          assert.equal(cost.skipped, 0, cost.firstSkipped);
        }
        const shown = Array.from(table.rows.subarray(0, table.count), (row) => ({
          match: show(table.matchAt(row)),
          actions: showActions(table.actionsAt(row)),
        }));
        const expected = done.replaceAll(/PORT(\d)/g, (_, n: string) => nameOf(n));
        const found = shown.find((s) => s.match === `vm1 ${match}`);
        assert.ok(found !== undefined, `${JSON.stringify(shown)} lacks ${match}`);
        assert.equal(found.actions, expected);
      }
    } finally {
      await source.close();
      await ovs.appctl('dpctl/del-flows', 'netdev@ovs-netdev');
    }
  });

  it('reads a single flow as it reads the dump', async () => {
    const { ovs } = real;
    const ports = await ovs.appctl('dpctl/show', 'netdev@ovs-netdev');
    const port = /port (\d+): vm1\b/.exec(ports)?.[1] ?? '';
    const source = real.source();
    const lookup = new OvsFlowLookup({ runDir: ovs.runDir, timeoutMs: 5_000 });
    try {
      for (const [key, actions] of FLOWS) {
        const where = `in_port(${port}),`;
        const full = key.startsWith('tunnel(')
          ? key.replace(',eth()', `,${where}eth()`)
          : where + key;
        await ovs.appctl('revalidator/purge');
        await ovs.appctl('dpctl/add-flow', 'netdev@ovs-netdev', full, actions);
        const table = new FlowTable();
        table.begin(1);
        await source.read(table, never());
        table.end();
        const rows = Array.from(table.rows.subarray(0, table.count));
        const added = rows.find((row) => table.matchAt(row).inPort === 'vm1');
        assert.ok(added !== undefined);
        const [found] = await lookup.read([table.idAt(added)], never());
        assert.ok(found !== undefined, `${full} is not found`);
        assert.ok(sameMatch(found.match, table.matchAt(added)), show(found.match));
        assert.ok(sameActions(found.actions, table.actionsAt(added)), showActions(found.actions));
      }
      const [gone] = await lookup.read([{ w0: 1, w1: 2, w2: 3, w3: 4 }], never());
      assert.equal(gone, undefined);
    } finally {
      await lookup.close();
      await source.close();
      await ovs.appctl('dpctl/del-flows', 'netdev@ovs-netdev');
    }
  });

  it('recreates a flow under its ufid with another mask, which is detected', async () => {
    const source = real.source();
    const table = new FlowTable();
    const look = async (): Promise<number> => {
      table.begin(performance.now());
      await source.read(table, never());
      table.end();
      const rows = Array.from(table.rows.subarray(0, table.count));
      return rows.find((row) => show(table.matchAt(row)).startsWith('vm1 eth_type=0800')) ?? -1;
    };
    await real.rules('priority=0,actions=drop', 'priority=1,in_port=1,actions=output:2');
    await real.send([dnsFrame(), dnsFrame()]);
    const before = await look();
    assert.equal(show(table.matchAt(before)), 'vm1 eth_type=0800 ip_frag=00');
    const version = table.actionsVersionAt(before);

    // The rule looks at the port, so the megaflow must; same packet, same actions, same ufid.
    await real.ovs.ofctl('add-flow', 'br0', 'priority=9,in_port=1,udp,tp_dst=53,actions=output:2');
    await real.settled();
    await real.send([dnsFrame(), dnsFrame()]);
    const after = await look();
    assert.equal(after, before, 'the same row, for it is the same ufid');
    const match = 'vm1 eth_type=0800 ip_proto=11 ip_frag=00 udp_dst=0035';
    assert.equal(show(table.matchAt(after)), match);
    assert.ok(table.actionsVersionAt(after) > version, 'what is installed is out of date');
    await source.close();
    await real.rules('actions=drop');
  });

  it('is read again after a restart, with errors meanwhile', async () => {
    const source = real.source();
    const table = new FlowTable();
    const look = async (): Promise<Error | undefined> => {
      table.begin(performance.now());
      try {
        await source.read(table, never());
        table.end();
        return undefined;
      } catch (error) {
        table.abandon();
        return asError(error);
      }
    };
    assert.equal(await look(), undefined);
    await real.ovs.stopVswitchd('SIGKILL');
    assert.match((await look())?.name ?? '', /^Unixctl/);
    assert.match((await look())?.name ?? '', /^UnixctlStalePid$/);
    await real.startVswitchd();
    assert.equal(await look(), undefined);
    await real.rules('actions=drop');
    await source.close();
  });

  it('reports a missing datapath', async () => {
    const source = new OvsFlowSource({
      runDir: real.ovs.runDir,
      datapath: 'netdev@none',
      timeoutMs: 2_000,
    });
    await assert.rejects(source.read(new FlowTable(), never()), UnixctlCommandError);
    await source.close();
  });

  it('reports a deleted device of a port, and its successor', async () => {
    const socket = `unix:${real.ovs.dbSocket}`;
    const directory = new OvsPortDirectory({ socket, timeoutMs: 2_000 });
    await directory.start(never());
    const before = directory.current().get('vm2');
    assert.ok(before !== undefined && before.ifindex > 0);
    await real.deleteDevice(2);
    await eventually('no device', () => directory.current().get('vm2')?.ifindex === 0);
    const ifindex = await real.addDevice(2);
    await eventually('the new device', () => directory.current().get('vm2')?.ifindex === ifindex);
    assert.equal(directory.current().get('vm2')?.uuid, before.uuid);
    assert.notEqual(ifindex, before.ifindex);
    await directory.close();
  });

  it('reports at once that mirrors, VLANs or bonds have changed', async () => {
    const { ovs } = real;
    const directory = new OvsPortDirectory({ socket: `unix:${ovs.dbSocket}`, timeoutMs: 2_000 });
    let reports = 0;
    directory.onSwitchChange(() => reports++);
    const changes: readonly (readonly string[])[] = [
      ['--', '--id=@m', 'create', 'mirror', 'name=m', '--', 'set', 'bridge', 'br0', 'mirrors=@m'],
      ['set', 'mirror', 'm', 'select_all=true'],
      ['clear', 'bridge', 'br0', 'mirrors'],
      ['set', 'port', 'vm2', 'tag=7'],
      ['clear', 'port', 'vm2', 'tag'],
      ['set', 'port', 'vm2', 'bond_mode=balance-slb'],
      ['clear', 'port', 'vm2', 'bond_mode'],
    ];
    try {
      await directory.start(never());
      for (const change of changes) {
        const before = reports;
        await ovs.vsctl(...change);
        await eventually(change.join(' '), () => reports > before, 500);
      }
    } finally {
      await directory.close();
    }
  });

  it('reports the qos and the policing of a port, and their removal', async () => {
    const { ovs } = real;
    const directory = new OvsPortDirectory({ socket: `unix:${ovs.dbSocket}`, timeoutMs: 2_000 });
    const vm2 = (): string => {
      const port = directory.current().get('vm2');
      return `${port?.shaped} ${port?.policed}`;
    };
    try {
      await directory.start(never());
      assert.equal(vm2(), 'false false');
      const create = ['--', '--id=@q', 'create', 'qos', 'type=linux-htb'];
      await ovs.vsctl('set', 'port', 'vm2', 'qos=@q', ...create, 'other-config:max-rate=1000000');
      await eventually('it is shaped', () => vm2() === 'true false');
      await ovs.vsctl('set', 'interface', 'vm2', 'ingress_policing_rate=1000');
      await eventually('it is policed', () => vm2() === 'true true');
      await ovs.vsctl('clear', 'port', 'vm2', 'qos');
      await eventually('it is not shaped', () => vm2() === 'false true');
      await ovs.vsctl('set', 'interface', 'vm2', 'ingress_policing_rate=0');
      await eventually('it is not policed', () => vm2() === 'false false');
      await ovs.vsctl('set', 'interface', 'vm2', 'ingress_policing_kpkts_rate=1');
      await eventually('it is policed by packets', () => vm2() === 'false true');
    } finally {
      await directory.close();
      await ovs.vsctl('set', 'interface', 'vm2', 'ingress_policing_kpkts_rate=0');
      await ovs.vsctl('--', 'clear', 'port', 'vm2', 'qos', '--', '--all', 'destroy', 'qos');
    }
  });

  it('keeps its ports through a restart of ovsdb-server', async () => {
    const socket = `unix:${real.ovs.dbSocket}`;
    const directory = new OvsPortDirectory({ socket, timeoutMs: 2_000 });
    await directory.start(never());
    const seen: number[] = [];
    directory.subscribe((ports) => seen.push(ports.get('vm1')?.ifindex ?? -1));
    const [first] = seen;
    await real.ovs.stopDatabase();
    await eventually('it is out of step', () => !directory.inSync());
    await real.ovs.startDatabase();
    await eventually('it is in step', () => directory.inSync(), 10_000);
    assert.deepEqual(new Set(seen), new Set([first]), 'the port is never seen without its device');
    await directory.close();
  });
});

describe('the choice of a datapath', () => {
  const choose = async (datapaths: string): Promise<unknown> => {
    const server = await FakeServer.startUnixctl(answer(datapaths));
    const source = new OvsFlowSource({ runDir: server.directory, timeoutMs: 500 });
    try {
      await source.read(new FlowTable(), never());
      return server.requests.map((r) => r['params']);
    } catch (error) {
      return error;
    } finally {
      await source.close();
      await server.remove();
    }
  };

  it('says when there is none, and when there are several', async () => {
    assert.ok((await choose('')) instanceof NoDatapath);
    const several = await choose('netdev@ovs-netdev\nsystem@ovs-system\n');
    assert.ok(several instanceof SeveralDatapaths);
    assert.match(several.message, /netdev@ovs-netdev and system@ovs-system: set `datapath`/);
  });
});
