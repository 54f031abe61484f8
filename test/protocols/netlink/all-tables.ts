import { EXTACK } from '../../../protocols/netlink/acknowledgement.ts';
import { CONTROL, GROUP } from '../../../protocols/netlink/generic.ts';
import { DATAPATH, FLOW, VPORT } from '../../../protocols/netlink/ovs/tables.ts';
import type { AttributeTable } from '../../../protocols/netlink/tables.ts';

/** Every attribute table, and the header of the kernel that numbers its attributes. */
export const ALL_TABLES: readonly {
  readonly name: string;
  readonly header: string;
  readonly table: AttributeTable;
}[] = [
  { name: 'extended ACK', header: 'netlink.h', table: EXTACK },
  { name: 'control', header: 'genetlink.h', table: CONTROL },
  { name: 'multicast group', header: 'genetlink.h', table: GROUP },
  { name: 'datapath', header: 'openvswitch.h', table: DATAPATH },
  { name: 'vport', header: 'openvswitch.h', table: VPORT },
  { name: 'flow', header: 'openvswitch.h', table: FLOW },
];
