import type { FlowAction, FlowActions } from '../../../engine/model/action.ts';
import { type FieldName, FIELD_BITS } from '../../../engine/model/match.ts';
import { tunnelName } from '../../../engine/model/tunnel.ts';
import type { Action, Actions } from '../../../protocols/openflow/codec/action.ts';
import { Port } from '../../../protocols/openflow/codec/ids.ts';
import type { OxmName } from '../../../protocols/openflow/codec/oxm-fields.ts';
import { OF13 } from '../../../protocols/openflow/codec/version.ts';
import type { Dialect } from './dialect.ts';
import { SAME_FIELDS } from './oxm-names.ts';
import { Untranslatable, versionName } from './refused.ts';

/**
 * The switch's number of the port that replaces an output port of the vSwitch. @throws
 * Untranslatable
 */
export type OutPort = (vswitchPort: string) => number;

const TAG_PRESENT = 0x1000;
const TPID = 0x8100;

/**
 * The vSwitch's actions as OpenFlow actions: the same rewrites in the same order, and outputs to
 * the ports that replace the vSwitch's. An empty list drops the packet in both.
 *
 * @param inPort the switch's number of the flow's input port
 * @throws Untranslatable
 */
export function toWireActions(
  actions: FlowActions,
  inPort: number,
  outPort: OutPort,
  dialect: Dialect,
): Actions {
  return actions.flatMap((action) => {
    if (action.kind !== 'output') return rewriting(action, dialect);
    const port = outPort(action.port);
    // A switch sends to the input port only through OFPP_IN_PORT (1.3.5, section 4.5).
    return [{ kind: 'output', port: port === inPort ? Port.inPort : port, maxLen: 0 }];
  });
}

function rewriting(
  action: Exclude<FlowAction, { kind: 'output' }>,
  dialect: Dialect,
): readonly Action[] {
  const modern = dialect.version === OF13;
  if (action.kind === 'pop-vlan') return [{ kind: 'pop-vlan' }];
  if (action.kind === 'push-vlan') return modern ? push13(action) : push10(action, dialect);
  if (action.kind === 'set') return modern ? set13(action, dialect) : set10(action, dialect);
  const what = action.kind === 'opaque' ? action.text : tunnelName(action.header);
  throw new Untranslatable('unsupported-action', `OpenFlow has no ${what}`);
}

type Push = Extract<FlowAction, { kind: 'push-vlan' }>;
type SetField = Extract<FlowAction, { kind: 'set' }>;

function push13({ tpid, vid, pcp }: Push): readonly Action[] {
  return [
    { kind: 'push-vlan', ethType: tpid },
    field('vlan_vid', bytesOf(TAG_PRESENT | vid, 2)),
    field('vlan_pcp', Uint8Array.of(pcp)),
  ];
}

function push10({ tpid, vid, pcp }: Push, dialect: Dialect): readonly Action[] {
  if (tpid !== TPID) throw untranslatable(`a tag of TPID 0x${tpid.toString(16)}`, dialect);
  return [
    { kind: 'set-vlan-vid', vid },
    { kind: 'set-vlan-pcp', pcp },
  ];
}

function set13(action: SetField, dialect: Dialect): readonly Action[] {
  const { field: name, value } = action;
  if (name === 'ip_tos') {
    const mask = action.mask[0];
    if ((mask & 0xfc) !== 0xfc || ((mask & 3) !== 0 && (mask & 3) !== 3)) {
      throw untranslatable('a part of the DSCP or ECN', dialect);
    }
    const dscp = field('ip_dscp', Uint8Array.of(value[0] >> 2));
    return (mask & 3) === 0 ? [dscp] : [dscp, field('ip_ecn', Uint8Array.of(value[0] & 3))];
  }
  wholeField(action, dialect);
  if (name === 'ip_ttl') return [{ kind: 'set-nw-ttl', ttl: value[0] }];
  if (name === 'vlan_vid') return [field('vlan_vid', bytesOf(TAG_PRESENT | number(value), 2))];
  if (name === 'vlan_pcp') return [field('vlan_pcp', value)];
  const names = SAME_FIELDS[name];
  if (names === undefined || NEVER_SET.has(name)) throw untranslatable(`a new ${name}`, dialect);
  return [field(names.oxm, value)];
}

function set10(action: SetField, dialect: Dialect): readonly Action[] {
  const { field: name, value } = action;
  if (name === 'ip_tos') {
    if (action.mask[0] !== 0xfc) throw untranslatable('a part of the DSCP, or ECN', dialect);
    return [{ kind: 'set-ip-tos', tos: value[0] & 0xfc }];
  }
  wholeField(action, dialect);
  const make = SET10[name];
  if (make === undefined) throw untranslatable(`a new ${name}`, dialect);
  return [make(value)];
}

const SET10: Readonly<Partial<Record<FieldName, (value: Uint8Array) => Action>>> = {
  eth_src: (value) => ({ kind: 'set-eth-src', address: value }),
  eth_dst: (value) => ({ kind: 'set-eth-dst', address: value }),
  ipv4_src: (value) => ({ kind: 'set-ip-src', address: number(value) }),
  ipv4_dst: (value) => ({ kind: 'set-ip-dst', address: number(value) }),
  tcp_src: (value) => ({ kind: 'set-tp-src', port: number(value) }),
  tcp_dst: (value) => ({ kind: 'set-tp-dst', port: number(value) }),
  udp_src: (value) => ({ kind: 'set-tp-src', port: number(value) }),
  udp_dst: (value) => ({ kind: 'set-tp-dst', port: number(value) }),
  vlan_vid: (value) => ({ kind: 'set-vlan-vid', vid: number(value) }),
  vlan_pcp: (value) => ({ kind: 'set-vlan-pcp', pcp: number(value) }),
};

/** Fields that no action can change. */
const NEVER_SET: ReadonlySet<FieldName> = new Set(['eth_type', 'ip_proto']);

/** Before OpenFlow 1.5 a set-field cannot have a mask. */
function wholeField({ field: name, mask }: SetField, dialect: Dialect): void {
  const spare = mask.length * 8 - FIELD_BITS[name];
  const whole = mask.every((byte, i) => byte === (i === 0 ? 0xff >> spare : 0xff));
  if (!whole) throw untranslatable(`a part of ${name}`, dialect);
}

function field(name: OxmName, value: Uint8Array): Action {
  return { kind: 'set-field', field: { kind: 'field', name, value, mask: undefined } };
}

function untranslatable(what: string, { version }: Dialect): Untranslatable {
  return new Untranslatable('unsupported-action', `${versionName(version)} cannot set ${what}`);
}

function bytesOf(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (value >>> (8 * (length - 1 - i))) & 0xff);
}

function number(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
