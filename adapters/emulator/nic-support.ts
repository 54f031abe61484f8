import type { FieldName } from '../../engine/model/match.ts';
import { firstBeyondHeaders, isExact } from '../../engine/model/match.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortInfo, PortSnapshot } from '../../engine/model/port.ts';
import { bypassRefusal } from '../../engine/model/bypass.ts';
import type { Refusal } from '../../engine/model/refusal.ts';
import { outputs } from './flow-store.ts';
import type { NicEntry } from './nic-table.ts';

/** Fields that the emulated NIC can match. */
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

/** Fields that it can rewrite. */
const REWRITTEN: ReadonlySet<FieldName> = new Set<FieldName>(['eth_src', 'eth_dst', 'ip_ttl']);

/** The flow as an entry of the NIC, or the refusal. */
export function compile(
  flow: FlowSpec,
  ports: PortSnapshot,
  heartbeatMs: number,
): NicEntry | Refusal {
  const refusal =
    matchRefusal(flow) ??
    actionRefusal(flow) ??
    bypassRefusal(flow, (name) => ports.get(name), heartbeatMs);
  if (refusal !== undefined) return refusal;
  const used: PortInfo[] = [];
  for (const name of [flow.match.inPort, ...outputs(flow.actions)]) {
    const port = ports.get(name);
    if (port === undefined) return refuse('port-unavailable', `there is no port ${name}`);
    if (port.kind !== 'vm' && port.kind !== 'uplink') {
      return refuse(
        'port-unavailable',
        `${name} is ${port.kind}; the NIC reaches only VMs and uplinks`,
      );
    }
    used.push(port);
  }
  const [into, ...out] = used;
  return { flow, ports: used, inIfindex: into.ifindex, outIfindexes: out.map((p) => p.ifindex) };
}

/** True when {@link compile} refused the flow. */
export function isRefusal(compiled: NicEntry | Refusal): compiled is Refusal {
  return 'code' in compiled;
}

function matchRefusal({ match }: FlowSpec): Refusal | undefined {
  const beyond = firstBeyondHeaders(match);
  if (beyond !== undefined) {
    return refuse('unsupported-match', `the NIC cannot match ${beyond.name}(${beyond.text})`);
  }
  for (const f of match.fields) {
    if (!MATCHED.has(f.field)) {
      return refuse('unsupported-match', `the NIC cannot match ${f.field}`);
    }
    if (!isExact(f)) {
      return refuse('unsupported-match', `the NIC cannot match a part of ${f.field}`);
    }
  }
  return undefined;
}

function actionRefusal({ actions }: FlowSpec): Refusal | undefined {
  for (const [i, action] of actions.entries()) {
    if (action.kind === 'opaque') {
      return refuse('unsupported-action', `the NIC cannot perform ${action.text}`);
    }
    if (action.kind === 'set' && !REWRITTEN.has(action.field)) {
      return refuse('unsupported-action', `the NIC cannot rewrite ${action.field}`);
    }
    if (action.kind === 'output' && i !== actions.length - 1) {
      return refuse('unsupported-action', 'the NIC supports one output, as the last action');
    }
  }
  if (actions.length > 0 && actions.at(-1)?.kind !== 'output') {
    return refuse('unsupported-action', 'the NIC does not rewrite packets that it drops');
  }
  return undefined;
}

function refuse(code: Refusal['code'], detail: string): Refusal {
  return { code, detail };
}
