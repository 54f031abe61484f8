import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../../../lab/testbed/wait.ts';
import type { Exchange, Recorder } from './exchange.ts';

const FLOWS13 = [
  'table=0,priority=7,cookie=0x4e4b0001,idle_timeout=60,hard_timeout=600,in_port=1,dl_src=02:00:00:00:00:01,' +
    'dl_dst=02:00:00:00:00:02,tcp,nw_src=10.0.0.1,nw_dst=10.0.0.0/24,tp_src=80,tp_dst=0x400/0xfc00,actions=output:2',
  'table=0,priority=8,send_flow_rem,udp6,ipv6_src=2001:db8::/32,tp_dst=53,actions=set_field:2001:db8::1->ipv6_dst,output:2',
  'table=0,priority=9,dl_vlan=100,dl_vlan_pcp=5,actions=pop_vlan,output:2',
  'table=0,priority=10,ip,nw_frag=no,nw_ttl=64,nw_tos=40,nw_ecn=2,actions=dec_ttl,push_vlan:0x8100,set_field:4097->vlan_vid,output:1',
  'table=0,priority=11,arp,arp_op=1,arp_spa=10.0.0.1,arp_tpa=10.0.0.2,actions=NORMAL',
  'table=0,priority=12,icmp,icmp_type=8,icmp_code=0,actions=CONTROLLER:128',
  'table=0,priority=13,tcp,tcp_flags=+syn-ack,actions=write_metadata:0x12/0xff,goto_table:3',
  'table=0,priority=14,reg0=0x1234,tun_id=0x63,metadata=0x1,actions=resubmit(,4),load:0x5->NXM_NX_REG1[]',
  'table=0,priority=15,icmp6,icmp_type=135,nd_target=2001:db8::2,nd_sll=02:00:00:00:00:01,actions=drop',
  'table=0,priority=16,ct_state=+trk,ip,actions=ct(commit,zone=5),clear_actions,write_actions(output:1)',
  'table=0,priority=17,mpls,mpls_label=100,mpls_tc=3,mpls_bos=1,actions=pop_mpls:0x0800,IN_PORT',
  'table=0,priority=18,sctp,tp_src=80,tp_dst=81,actions=set_queue:3,output:2,group:5',
  'table=1,priority=19,ip,actions=meter:1,output:2',
];

const FLOWS10 = [
  'priority=7,cookie=0x4e4b0001,idle_timeout=60,in_port=1,dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,' +
    'tcp,nw_src=10.0.0.1,nw_dst=10.0.0.0/24,tp_src=80,tp_dst=81,actions=output:2',
  'priority=8,send_flow_rem,dl_vlan=100,dl_vlan_pcp=5,actions=strip_vlan,mod_dl_src:02:00:00:00:00:09,output:2',
  'priority=9,udp,nw_tos=40,actions=mod_vlan_vid:100,mod_vlan_pcp:5,mod_nw_src:10.0.0.9,mod_nw_tos:40,mod_tp_dst:99,enqueue:2:1',
  'priority=10,arp,arp_op=1,actions=FLOOD',
  'priority=11,icmp,icmp_type=8,actions=CONTROLLER:128',
  'priority=12,dl_vlan=0xffff,actions=mod_dl_dst:02:00:00:00:00:08,mod_nw_dst:10.0.0.8,mod_tp_src:98,IN_PORT',
];

/** These only Nicira's match can say on 1.0. */
const FLOWS_NXM = [
  'priority=20,udp6,ipv6_src=2001:db8::/32,tp_dst=53,actions=output:2',
  'priority=21,reg0=0x1234,tcp,tp_dst=0x400/0xfc00,tcp_flags=+syn-ack,actions=resubmit(,4),dec_ttl,output:2',
  'table=3,priority=22,ip,nw_frag=later,nw_ttl=64,actions=drop',
];

/** Runs the commands that between them use every message that ovs-ofctl has of 1.3. */
export async function exchanges13(recorder: Recorder, directory: string): Promise<Exchange[]> {
  const O = ['-O', 'OpenFlow13', '--no-names'];
  const file = join(directory, 'flows13.txt');
  await writeFile(file, FLOWS13.slice(0, 6).join('\n'));
  const all: Exchange[] = [];
  const run = async (...args: readonly string[]) => all.push(await recorder.run([...O, ...args]));
  await run('add-group', 'SWITCH', 'group_id=5,type=all,bucket=output:1');
  await run(
    'add-meter',
    'SWITCH',
    'meter=1,kbps,burst,stats,band=type=drop,rate=1000,burst_size=100',
  );
  for (const flow of FLOWS13) await run('add-flow', 'SWITCH', flow);
  await run('--bundle', 'add-flows', 'SWITCH', file);
  await run('dump-flows', 'SWITCH');
  await run('dump-flows', 'SWITCH', 'tcp,cookie=0x4e4b0000/-1,out_port=2');
  await run('dump-aggregate', 'SWITCH', 'table=0');
  await run('show', 'SWITCH');
  await run('dump-desc', 'SWITCH');
  await run('dump-tables', 'SWITCH');
  await run('dump-table-features', 'SWITCH');
  await run('dump-ports', 'SWITCH');
  await run('dump-ports', 'SWITCH', '1');
  await run('dump-ports-desc', 'SWITCH');
  await run('dump-meters', 'SWITCH');
  await run('meter-stats', 'SWITCH');
  await run('meter-features', 'SWITCH');
  await run('mod-port', 'SWITCH', '1', 'no-flood');
  await run(
    'packet-out',
    'SWITCH',
    'in_port=controller packet=' + '00'.repeat(60) + ' actions=output:2',
  );
  await run('queue-stats', 'SWITCH');
  const watch = () => watched(recorder, O);
  all.push(await recorder.runWhile([...O, 'monitor', 'SWITCH', 'watch:'], watch));
  await run('mod-flows', 'SWITCH', 'priority=7,actions=drop');
  await run('del-flows', 'SWITCH', 'cookie=0x4e4b0001/-1');
  await run(
    '--strict',
    'del-flows',
    'SWITCH',
    'priority=11,arp,arp_op=1,arp_spa=10.0.0.1,arp_tpa=10.0.0.2',
  );
  return all;
}

/** The same of 1.0. */
export async function exchanges10(recorder: Recorder): Promise<Exchange[]> {
  const O = ['-O', 'OpenFlow10', '--no-names'];
  const all: Exchange[] = [];
  const run = async (...args: readonly string[]) => all.push(await recorder.run([...O, ...args]));
  for (const flow of FLOWS10) {
    await run('-F', 'OpenFlow10-table_id', 'add-flow', 'SWITCH', flow);
  }
  for (const flow of FLOWS_NXM) await run('add-flow', 'SWITCH', flow);
  await run('-F', 'openflow10', 'dump-flows', 'SWITCH', 'table=0');
  await run('-F', 'nxm', 'dump-flows', 'SWITCH');
  await run('-F', 'openflow10', 'dump-aggregate', 'SWITCH', 'tcp');
  await run('-F', 'nxm', 'dump-aggregate', 'SWITCH', 'udp6');
  await run('show', 'SWITCH');
  await run('dump-desc', 'SWITCH');
  await run('dump-tables', 'SWITCH');
  await run('dump-ports', 'SWITCH');
  await run('dump-ports', 'SWITCH', '1');
  await run('dump-ports-desc', 'SWITCH');
  await run('mod-port', 'SWITCH', '1', 'no-flood');
  await run('packet-out', 'SWITCH', 'in_port=none packet=' + '00'.repeat(60) + ' actions=FLOOD');
  const watch = () => watched(recorder, O);
  all.push(await recorder.runWhile([...O, 'monitor', 'SWITCH', 'watch:'], watch));
  await run('mod-flows', 'SWITCH', 'tcp,actions=drop');
  await run('del-flows', 'SWITCH', 'cookie=0x4e4b0001/-1');
  return all;
}

/** Changes flows while a monitor watches, and waits until it has been told. */
async function watched(recorder: Recorder, protocol: readonly string[]): Promise<void> {
  await quiet(recorder);
  for (const args of [
    ['add-flow', 'SWITCH', 'priority=30,udp,tp_dst=99,actions=output:1'],
    ['mod-flows', 'SWITCH', 'udp,tp_dst=99,actions=output:2'],
    ['del-flows', 'SWITCH', 'udp,tp_dst=99'],
  ]) {
    await recorder.runBeside([...protocol, ...args]);
  }
  await quiet(recorder);
}

/** Waits until messages have been passed and then none for a while. */
async function quiet(recorder: Recorder): Promise<void> {
  let before = -1;
  await waitFor(
    'the monitor to be told',
    () => {
      const still = recorder.count > 0 && recorder.count === before;
      before = recorder.count;
      return Promise.resolve(still ? true : undefined);
    },
    { timeoutMs: 5000, everyMs: 200 },
  );
}
