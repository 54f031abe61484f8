import { EXTACK } from '../../../protocols/netlink/acknowledgement.ts';
import {
  ADDRESS,
  CONNTRACK,
  PROTOCOL_PART,
  STATE,
  TCP_STATE,
  TUPLE,
} from '../../../protocols/netlink/conntrack.ts';
import { DEVLINK } from '../../../protocols/netlink/devlink.ts';
import { CONTROL, GROUP } from '../../../protocols/netlink/generic.ts';
import { DATAPATH, FLOW, VPORT } from '../../../protocols/netlink/ovs/tables.ts';
import { NEIGHBOUR } from '../../../protocols/netlink/link/forwarding.ts';
import { LINK, LINK_INFO, LINK_VF, LINK_XDP } from '../../../protocols/netlink/link/tables.ts';
import type { AttributeTable } from '../../../protocols/netlink/tables.ts';

import {
  CSUM,
  GACT,
  MIRRED,
  PEDIT,
  PEDIT_KEY,
  PEDIT_KEY_EX,
  POLICE,
  SKBEDIT,
  TUNNEL_KEY,
  VLAN,
} from '../../../protocols/netlink/tc/action-tables.ts';
import { FLOWER } from '../../../protocols/netlink/tc/flower-table.ts';
import { GENEVE_OPTION, TUNNEL_OPTION } from '../../../protocols/netlink/tc/geneve.ts';
import { ACT, BPF, STATS, TC, U32_FILTER } from '../../../protocols/netlink/tc/tables.ts';

const CONNTRACK_HEADER = 'netfilter/nfnetlink_conntrack.h';

/** Every attribute table, and the header of the kernel that numbers its attributes. */
export const ALL_TABLES: readonly {
  readonly name: string;
  readonly header: string;
  readonly table: AttributeTable;
}[] = [
  { name: 'extended ACK', header: 'netlink.h', table: EXTACK },
  { name: 'control', header: 'genetlink.h', table: CONTROL },
  { name: 'multicast group', header: 'genetlink.h', table: GROUP },
  { name: 'devlink', header: 'devlink.h', table: DEVLINK },
  { name: 'datapath', header: 'openvswitch.h', table: DATAPATH },
  { name: 'vport', header: 'openvswitch.h', table: VPORT },
  { name: 'flow', header: 'openvswitch.h', table: FLOW },
  { name: 'link', header: 'if_link.h', table: LINK },
  { name: 'link kind', header: 'if_link.h', table: LINK_INFO },
  { name: 'neighbour', header: 'neighbour.h', table: NEIGHBOUR },
  { name: 'virtual function', header: 'if_link.h', table: LINK_VF },
  { name: 'link XDP', header: 'if_link.h', table: LINK_XDP },
  { name: 'traffic control', header: 'rtnetlink.h', table: TC },
  { name: 'statistics', header: 'gen_stats.h', table: STATS },
  { name: 'action', header: 'pkt_cls.h', table: ACT },
  { name: 'flower', header: 'pkt_cls.h', table: FLOWER },
  { name: 'options of tunnels', header: 'pkt_cls.h', table: TUNNEL_OPTION },
  { name: 'option of Geneve', header: 'pkt_cls.h', table: GENEVE_OPTION },
  { name: 'bpf', header: 'pkt_cls.h', table: BPF },
  { name: 'u32', header: 'pkt_cls.h', table: U32_FILTER },
  { name: 'gact', header: 'tc_act/tc_gact.h', table: GACT },
  { name: 'mirred', header: 'tc_act/tc_mirred.h', table: MIRRED },
  { name: 'vlan', header: 'tc_act/tc_vlan.h', table: VLAN },
  { name: 'skbedit', header: 'tc_act/tc_skbedit.h', table: SKBEDIT },
  { name: 'csum', header: 'tc_act/tc_csum.h', table: CSUM },
  { name: 'tunnel_key', header: 'tc_act/tc_tunnel_key.h', table: TUNNEL_KEY },
  { name: 'pedit', header: 'tc_act/tc_pedit.h', table: { ...PEDIT, key: PEDIT_KEY } },
  { name: 'pedit key', header: 'tc_act/tc_pedit.h', table: PEDIT_KEY_EX },
  { name: 'connection', header: CONNTRACK_HEADER, table: CONNTRACK },
  { name: 'tuple of a connection', header: CONNTRACK_HEADER, table: TUPLE },
  { name: 'addresses of a tuple', header: CONNTRACK_HEADER, table: ADDRESS },
  { name: 'protocol of a tuple', header: CONNTRACK_HEADER, table: PROTOCOL_PART },
  { name: 'state of a connection', header: CONNTRACK_HEADER, table: STATE },
  { name: 'TCP state of a connection', header: CONNTRACK_HEADER, table: TCP_STATE },
  { name: 'police', header: 'pkt_cls.h', table: POLICE },
];
