import type { PortInfo } from '../../engine/model/port.ts';
import { OvsdbValueError } from '../../protocols/ovsdb/errors.ts';
import type { Replica, Row } from '../../protocols/ovsdb/replica.ts';
import { BridgeTraits, type LimitOf, TRAIT_COLUMNS } from './bridge-traits.ts';
import { integerOf, mapOf, textOf, uuidsOf } from '../../protocols/ovsdb/values.ts';

/** The columns that {@link portsOf} reads (ovs-vswitchd.conf.db(5)). */
const PORT_COLUMNS = {
  Bridge: ['name', 'ports', 'datapath_type'],
  Port: ['interfaces', 'external_ids', 'qos'],
  Interface: [
    'name',
    'ifindex',
    'external_ids',
    'mac_in_use',
    'link_speed',
    'type',
    'ofport',
    'ingress_policing_rate',
  ],
} as const;

/** Further columns that decide what happens to packets; a change of them triggers a reading. */
const SWITCH_COLUMNS = {
  Bridge: [
    'mirrors',
    'fail_mode',
    'flood_vlans',
    'mcast_snooping_enable',
    'rstp_enable',
    'stp_enable',
  ],
  Port: ['bond_active_slave', 'bond_mode', 'lacp', 'tag', 'trunks', 'vlan_mode'],
  Interface: ['link_state', 'mtu'],
  Mirror: [
    'output_port',
    'output_vlan',
    'select_all',
    'select_dst_port',
    'select_src_port',
    'select_vlan',
  ],
} as const;

/** The columns that are monitored, by table. */
export const MONITORED_COLUMNS = {
  Bridge: [...PORT_COLUMNS.Bridge, ...SWITCH_COLUMNS.Bridge, ...TRAIT_COLUMNS.Bridge],
  Port: [...PORT_COLUMNS.Port, ...SWITCH_COLUMNS.Port],
  Interface: [...PORT_COLUMNS.Interface, ...SWITCH_COLUMNS.Interface, ...TRAIT_COLUMNS.Interface],
  Mirror: SWITCH_COLUMNS.Mirror,
  Open_vSwitch: TRAIT_COLUMNS.Open_vSwitch,
  Flow_Sample_Collector_Set: TRAIT_COLUMNS.Flow_Sample_Collector_Set,
} as const;

/** Additional columns of Open vSwitch 2.16 and later. */
export const NEWER_PORT_COLUMNS = { Interface: ['ingress_policing_kpkts_rate'] } as const;

type Kind = PortInfo['kind'];

/** Where packets of a bridge are taken, by its `datapath_type`; the default is the kernel's. */
const DATAPATH_BY_TYPE: ReadonlyMap<string, NonNullable<PortInfo['datapath']>> = new Map([
  ['', 'kernel'],
  ['system', 'kernel'],
  ['netdev', 'userspace'],
]);

/** Kind of a port without a VM, by its Interface type. */
const KIND_BY_TYPE: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['', 'uplink'],
  ['system', 'uplink'],
  ['dpdk', 'uplink'],
  ['afxdp', 'uplink'],
  ['afxdp-nonpmd', 'uplink'],
  ['internal', 'internal'],
  ['dpdkvhostuser', 'vm'],
  ['dpdkvhostuserclient', 'vm'],
]);

/** Each enables policing unless it is 0. */
const POLICING_RATES = ['ingress_policing_rate', 'ingress_policing_kpkts_rate'] as const;

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/**
 * The ports of every bridge, by Interface name. The interfaces of a bond are separate ports, as in
 * the datapath.
 *
 * external_ids of the Interface take precedence over those of its Port:
 * - VM: `norikae:vm`, else `vm-id` (libvirt, OpenStack), else `iface-id` (OVN)
 * - slice: `norikae:slice`
 * - MAC: `attached-mac`, else the device's own for an uplink or internal port
 * - kind: `norikae:kind`, else `vm` when there is a VM id, else by the Interface's type
 *
 * @param limitOf the limit that a bridge's rules set
 * @param ignoreExports whether ports of exporting bridges are like others
 * @throws OvsdbValueError for rows that do not have the columns' types, or refer to missing rows
 */
export function portsOf(
  replica: Replica,
  limitOf: LimitOf = noLimit,
  ignoreExports = false,
): Map<string, PortInfo> {
  const traits = new BridgeTraits(replica, limitOf, ignoreExports);
  const interfaces = replica.table('Interface');
  const ports = replica.table('Port');
  const found = new Map<string, PortInfo>();
  for (const bridge of replica.table('Bridge').values()) {
    const bridgeName = nameOf(bridge, 'a Bridge');
    const datapath = datapathOf(textOf(bridge['datapath_type']));
    const ofBridge = { ...traits.of(bridgeName), ...(datapath === undefined ? {} : { datapath }) };
    for (const portId of uuidsOf(bridge['ports'])) {
      const port = rowOf(ports, portId, 'the Port of a Bridge');
      for (const uuid of uuidsOf(port['interfaces'])) {
        const row = rowOf(interfaces, uuid, 'the Interface of a Port');
        const name = nameOf(row, 'an Interface');
        found.set(name, { ...portInfo(uuid, name, bridgeName, row, port), ...ofBridge });
      }
    }
  }
  return found;
}

const noLimit: LimitOf = () => undefined;

/** A row that another one refers to; the server never sends a reference without its row. */
function rowOf(table: ReadonlyMap<string, Row>, uuid: string, what: string): Row {
  const row = table.get(uuid);
  if (row === undefined) throw new OvsdbValueError(what, undefined);
  return row;
}

function nameOf(row: Row, what: string): string {
  const name = textOf(row['name']);
  if (name === undefined) throw new OvsdbValueError(`the name of ${what}`, row['name']);
  return name;
}

function portInfo(uuid: string, name: string, bridge: string, row: Row, port: Row): PortInfo {
  const own = mapOf(row['external_ids']);
  const ofPort = mapOf(port['external_ids']);
  const id = (key: string): string | undefined =>
    nonEmpty(own.get(key)) ?? nonEmpty(ofPort.get(key));
  const vm = id('norikae:vm') ?? id('vm-id') ?? id('iface-id');
  const kind = kindNamed(id('norikae:kind')) ?? kindOf(vm, textOf(row['type']) ?? '');
  const device = kind === 'uplink' || kind === 'internal' ? textOf(row['mac_in_use']) : undefined;
  const speed = integerOf(row['link_speed']) ?? 0;
  return {
    name,
    uuid,
    ifindex: Math.max(0, integerOf(row['ifindex']) ?? 0),
    bridge,
    kind,
    mac: macOf(id('attached-mac')) ?? macOf(device),
    vm,
    slice: id('norikae:slice'),
    linkBitsPerSecond: speed > 0 ? speed : undefined,
    // A port's qos is that of each of its interfaces. Any type counts, unknown ones included.
    shaped: uuidsOf(port['qos']).length > 0,
    policed: POLICING_RATES.some((column) => (integerOf(row[column]) ?? 0) !== 0),
  };
}

/** Where a bridge of this `datapath_type` takes packets; undefined: not known. */
export function datapathOf(type: string | undefined): PortInfo['datapath'] {
  return type === undefined ? undefined : DATAPATH_BY_TYPE.get(type);
}

function kindOf(vm: string | undefined, type: string): Kind {
  return vm === undefined ? (KIND_BY_TYPE.get(type) ?? 'other') : 'vm';
}

function kindNamed(text: string | undefined): Kind | undefined {
  return text === 'vm' || text === 'uplink' || text === 'internal' || text === 'other'
    ? text
    : undefined;
}

function macOf(text: string | undefined): string | undefined {
  const mac = text?.toLowerCase();
  return mac !== undefined && MAC.test(mac) ? mac : undefined;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** True when both hold the same ports in every respect. */
export function samePorts(
  a: ReadonlyMap<string, PortInfo>,
  b: ReadonlyMap<string, PortInfo>,
): boolean {
  if (a.size !== b.size) return false;
  for (const [name, port] of a) {
    const other = b.get(name);
    if (other === undefined || !samePort(port, other)) return false;
  }
  return true;
}

function samePort(a: PortInfo, b: PortInfo): boolean {
  return (
    a.uuid === b.uuid &&
    a.ifindex === b.ifindex &&
    a.bridge === b.bridge &&
    a.datapath === b.datapath &&
    a.kind === b.kind &&
    a.mac === b.mac &&
    a.vm === b.vm &&
    a.slice === b.slice &&
    a.linkBitsPerSecond === b.linkBitsPerSecond &&
    a.shaped === b.shaped &&
    a.policed === b.policed &&
    a.exports === b.exports &&
    a.vswitchOffloads === b.vswitchOffloads &&
    a.heartbeatLimit?.ms === b.heartbeatLimit?.ms &&
    a.heartbeatLimit?.why === b.heartbeatLimit?.why
  );
}
