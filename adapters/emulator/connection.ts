import type { FlowAction, FlowActions } from '../../engine/model/action.ts';
import type { FieldMatch, FlowMatch, OpaqueMatch } from '../../engine/model/match.ts';
import { exact, macNumber, setField } from './megaflow.ts';

const IPV4 = 0x0800;
const VLAN = 0x8100;
const TTL = 64;

/** An end of a connection: a VM, or an outside host behind a NIC port. */
export interface Endpoint {
  readonly port: string;
  /** `aa:bb:cc:dd:ee:ff`. */
  readonly mac: string;
  /** IPv4 address. */
  readonly address: number;
  /** VLAN that its frames are tagged with on its port; undefined for an untagged port. */
  readonly vid: number | undefined;
}

/** One direction of a connection. */
export interface Direction {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly protocol: 'tcp' | 'udp';
  readonly fromPort: number;
  readonly toPort: number;
  /** Uses connection tracking: the match has conditions that the NIC cannot match. */
  readonly tracked: boolean;
  /** MAC addresses of the router between the two, which rewrites MACs and TTL. */
  readonly routed: { readonly inside: string; readonly outside: string } | undefined;
  /** Ports that get a copy besides `to`: the rest of a multicast group. */
  readonly copies: readonly string[];
}

/** What the vSwitch matches for a direction: a 5-tuple megaflow, VLAN tagged on NIC ports. */
export function matchOf(d: Direction): FlowMatch {
  const fields: FieldMatch[] = [
    exact('eth_src', macNumber(d.from.mac)),
    exact('eth_dst', macNumber(d.routed === undefined ? d.to.mac : d.routed.inside)),
  ];
  if (d.from.vid !== undefined) {
    fields.push(exact('vlan_tpid', VLAN), exact('vlan_vid', d.from.vid), exact('vlan_pcp', 0));
  }
  fields.push(
    exact('eth_type', IPV4),
    exact('ipv4_src', d.from.address),
    exact('ipv4_dst', d.to.address),
    exact('ip_proto', d.protocol === 'tcp' ? 6 : 17),
  );
  if (d.routed !== undefined) fields.push(exact('ip_ttl', TTL));
  const [source, target] =
    d.protocol === 'tcp' ? (['tcp_src', 'tcp_dst'] as const) : (['udp_src', 'udp_dst'] as const);
  fields.push(exact('ip_frag', 0), exact(source, d.fromPort), exact(target, d.toPort));
  return { inPort: d.from.port, fields, opaque: d.tracked ? TRACKED : [] };
}

/** What the vSwitch does with a direction's packets. */
export function actionsOf(d: Direction): FlowActions {
  const actions: FlowAction[] = [];
  if (d.routed !== undefined) {
    actions.push(
      setField('eth_src', macNumber(d.routed.outside)),
      setField('eth_dst', macNumber(d.to.mac)),
      setField('ip_ttl', TTL - 1),
    );
  }
  if (d.from.vid !== undefined) actions.push({ kind: 'pop-vlan' });
  for (const port of d.copies) actions.push({ kind: 'output', port });
  if (d.to.vid !== undefined) {
    actions.push({ kind: 'push-vlan', tpid: VLAN, vid: d.to.vid, pcp: 0 });
  }
  actions.push({ kind: 'output', port: d.to.port });
  return actions;
}

/** The other direction of the same connection. */
export function reverseOf(d: Direction): Direction {
  return {
    ...d,
    from: d.to,
    to: d.from,
    fromPort: d.toPort,
    toPort: d.fromPort,
    routed:
      d.routed === undefined ? undefined : { inside: d.routed.outside, outside: d.routed.inside },
    copies: [],
  };
}

const TRACKED: readonly OpaqueMatch[] = [{ name: 'ct_state', text: '+est+trk' }];
