import type { FieldName } from '../../engine/model/match.ts';
import { isExact } from '../../engine/model/match.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortInfo, PortSnapshot } from '../../engine/model/port.ts';
import { qosRefusal } from '../../engine/model/qos.ts';
import type { Refusal } from '../../engine/model/refusal.ts';
import { outputs } from './flow-store.ts';
import type { NicEntry } from './nic-table.ts';

/** Fields the emulated NIC's parser hands to its hash. */
const MATCHED: ReadonlySet<FieldName> = new Set<FieldName>([
  'eth_src',
  'eth_dst',
  'vlan_tpid',
  'vlan_vid',
  'vlan_pcp',
  'eth_type',
  'ipv4_src',
  'ipv4_dst',
  'ipv6_src',
  'ipv6_dst',
  'ip_proto',
  'ip_tos',
  'ip_ttl',
  'ip_frag',
  'tcp_src',
  'tcp_dst',
  'udp_src',
  'udp_dst',
]);

/** Fields it can rewrite. */
const REWRITTEN: ReadonlySet<FieldName> = new Set<FieldName>(['eth_src', 'eth_dst', 'ip_ttl']);

/** The flow as an entry of the NIC, or why there can be none. */
export function compile(flow: FlowSpec, ports: PortSnapshot): NicEntry | Refusal {
  const refusal =
    matchRefusal(flow) ?? actionRefusal(flow) ?? qosRefusal(flow, (name) => ports.get(name));
  if (refusal !== undefined) return refusal;
  const used: PortInfo[] = [];
  for (const name of [flow.match.inPort, ...outputs(flow.actions)]) {
    const port = ports.get(name);
    if (port === undefined) return no('port-unavailable', `there is no port ${name}`);
    if (port.kind !== 'vm' && port.kind !== 'uplink') {
      return no('port-unavailable', `${name} is ${port.kind}; the NIC reaches VMs and its ports`);
    }
    used.push(port);
  }
  const [into, ...out] = used;
  return { flow, ports: used, inIfindex: into.ifindex, outIfindexes: out.map((p) => p.ifindex) };
}

/** True for an answer of {@link compile} that is a no. */
export function isRefusal(compiled: NicEntry | Refusal): compiled is Refusal {
  return 'code' in compiled;
}

function matchRefusal({ match }: FlowSpec): Refusal | undefined {
  const [opaque] = match.opaque;
  if (opaque !== undefined) {
    return no('unsupported-match', `the NIC cannot look at ${opaque.name}(${opaque.text})`);
  }
  for (const f of match.fields) {
    if (!MATCHED.has(f.field)) {
      return no('unsupported-match', `the NIC cannot look at ${f.field}`);
    }
    if (!isExact(f)) {
      return no('unsupported-match', `the NIC matches ${f.field} only as a whole`);
    }
  }
  return undefined;
}

function actionRefusal({ actions }: FlowSpec): Refusal | undefined {
  for (const [i, action] of actions.entries()) {
    if (action.kind === 'opaque') {
      return no('unsupported-action', `the NIC cannot do ${action.text}`);
    }
    if (action.kind === 'set' && !REWRITTEN.has(action.field)) {
      return no('unsupported-action', `the NIC cannot rewrite ${action.field}`);
    }
    if (action.kind === 'output' && i !== actions.length - 1) {
      return no('unsupported-action', 'the NIC sends to one port, as the last action');
    }
  }
  if (actions.length > 0 && actions.at(-1)?.kind !== 'output') {
    return no('unsupported-action', 'the NIC does not rewrite packets that it drops');
  }
  return undefined;
}

function no(code: Refusal['code'], detail: string): Refusal {
  return { code, detail };
}
