/** Port numbers on the integration bridge and the provider bridge. */
export const PORTS = { vm: 1, toProvider: 10, toIntegration: 20, server: 21 } as const;

/** VLAN of the network within the host, which is also its zone of conntrack, and on the wire. */
export const VLAN = { local: 3, provider: 100 } as const;

/** The VM whose security group the rules enforce. */
export interface GuardedVm {
  readonly mac: string;
  readonly address: string;
}

/**
 * Rules of the integration bridge as Neutron's OVS firewall driver makes them, with its numbers of
 * tables, for one VM: its security group lets it open IPv4 connections, and be pinged.
 */
export function firewallRules({ mac, address }: GuardedVm): readonly string[] {
  const { local, provider } = VLAN;
  const zone = 'zone=NXM_NX_REG6[0..15]';
  const toProvider = `push_vlan:0x8100,set_field:${local + 0x1000}->vlan_vid,output:${PORTS.toProvider}`;
  return [
    // What arrives from the provider network gets the VLAN of the host.
    `table=0,priority=10,in_port=${PORTS.toProvider},dl_vlan=${provider},actions=mod_vlan_vid:${local},resubmit(,60)`,
    `table=0,priority=5,in_port=${PORTS.vm},actions=resubmit(,60)`,
    'table=0,priority=0,actions=drop',
    // Which VM is it?
    `table=60,priority=100,in_port=${PORTS.vm},actions=set_field:${PORTS.vm}->reg5,set_field:${local}->reg6,resubmit(,71)`,
    `table=60,priority=90,dl_vlan=${local},dl_dst=${mac},actions=set_field:${PORTS.vm}->reg5,set_field:${local}->reg6,pop_vlan,resubmit(,81)`,
    `table=60,priority=80,dl_vlan=${local},arp,actions=pop_vlan,output:${PORTS.vm}`,
    // Egress: no forged addresses, then conntrack.
    `table=71,priority=95,in_port=${PORTS.vm},arp,dl_src=${mac},arp_spa=${address},actions=resubmit(,94)`,
    `table=71,priority=65,ct_state=-trk,in_port=${PORTS.vm},ip,dl_src=${mac},nw_src=${address},actions=ct(table=72,${zone})`,
    'table=71,priority=10,actions=drop',
    // Egress: the rules of the security group.
    'table=72,priority=75,ct_state=+est-rel-rpl,ip,reg5=1,actions=resubmit(,73)',
    'table=72,priority=75,ct_state=+new-est,ip,reg5=1,actions=resubmit(,73)',
    'table=72,priority=50,ct_state=+inv+trk,actions=drop',
    `table=72,priority=50,ct_mark=0x1,reg5=1,actions=drop`,
    `table=72,priority=50,ct_state=+est-rel+rpl,ct_zone=${local},ct_mark=0,reg5=1,actions=resubmit(,94)`,
    'table=72,priority=40,ct_state=-est,reg5=1,actions=drop',
    `table=72,priority=40,ct_state=+est,ip,reg5=1,actions=ct(commit,${zone},exec(set_field:0x1->ct_mark))`,
    // Accepted: to a VM of this host, or out.
    `table=73,priority=90,ct_state=+new-est,ip,reg5=1,actions=ct(commit,${zone}),resubmit(,94)`,
    'table=73,priority=80,reg5=1,actions=resubmit(,94)',
    `table=94,priority=1,actions=${toProvider}`,
    // Ingress: conntrack, then the rules of the security group.
    'table=81,priority=100,arp,actions=output:1',
    `table=81,priority=95,ct_state=-trk,ip,reg5=1,actions=ct(table=82,${zone})`,
    'table=81,priority=10,actions=drop',
    `table=82,priority=77,ct_state=+est-rel-rpl,icmp,reg5=1,actions=output:1`,
    `table=82,priority=77,ct_state=+new-est,icmp,reg5=1,actions=ct(commit,${zone}),output:1`,
    'table=82,priority=50,ct_state=+inv+trk,actions=drop',
    'table=82,priority=50,ct_mark=0x1,reg5=1,actions=drop',
    `table=82,priority=50,ct_state=+est-rel+rpl,ct_zone=${local},ct_mark=0,reg5=1,actions=output:1`,
    'table=82,priority=40,ct_state=-est,reg5=1,actions=drop',
    `table=82,priority=40,ct_state=+est,ip,reg5=1,actions=ct(commit,${zone},exec(set_field:0x1->ct_mark))`,
  ];
}

/** Rules of the provider bridge: the VLAN on the wire. */
export function providerRules(): readonly string[] {
  const { local, provider } = VLAN;
  return [
    `priority=4,in_port=${PORTS.toIntegration},dl_vlan=${local},actions=mod_vlan_vid:${provider},NORMAL`,
    `priority=2,in_port=${PORTS.toIntegration},actions=drop`,
    'priority=0,actions=NORMAL',
  ];
}

/** The rule of a security group that no longer lets the VM send, as ovs-ofctl takes it. */
export const DENIAL = { match: 'table=72,priority=90,ip,reg5=1', actions: 'actions=drop' } as const;
