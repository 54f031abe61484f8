import {
  type FieldMatch,
  type FieldName,
  fieldOf,
  firstBeyondHeaders,
  type FlowMatch,
  isExact,
} from '../../../engine/model/match.ts';
import type { KnownField, Match, OxmMatch } from '../../../protocols/openflow/codec/match.ts';
import type { OxmName } from '../../../protocols/openflow/codec/oxm-fields.ts';
import { OF13 } from '../../../protocols/openflow/codec/version.ts';
import type { Dialect } from './dialect.ts';
import { match10 } from './match10.ts';
import { SAME_FIELDS } from './oxm-names.ts';
import { Untranslatable, versionName } from './refused.ts';

/** OFPVID_PRESENT: the packet has a tag (1.3.5, section 7.2.3.7). Nicira's TCI has it in the same place. */
const TAG_PRESENT = 0x1000;

/**
 * A flow's match in OpenFlow: exactly the packets that the datapath flow matches.
 *
 * Two limits: OpenFlow has no TPID, so only flows with the usual 0x8100 are translated. Only
 * Nicira's fields match fragments; without them, flows of unfragmented packets are translated and
 * also match first fragments.
 *
 * @param inPort the switch's number of the flow's input port
 * @throws Untranslatable
 */
export function toWireMatch(match: FlowMatch, inPort: number, dialect: Dialect): Match {
  const beyond = firstBeyondHeaders(match);
  if (beyond !== undefined) {
    throw new Untranslatable('unsupported-match', `OpenFlow has no ${beyond.name}`);
  }
  const cvlan = match.fields.find((f) => f.field.startsWith('cvlan_'));
  if (cvlan !== undefined) throw untranslatable(cvlan.field, 'it has no second VLAN tag', dialect);
  const tpid = fieldOf(match, 'vlan_tpid');
  if (tpid !== undefined && (!isExact(tpid) || number(tpid.value) !== 0x8100)) {
    throw untranslatable(
      'vlan_tpid',
      'it has no TPID, and this one is not the usual 0x8100',
      dialect,
    );
  }
  if (dialect.version === OF13) return flexible(match, inPort, dialect, 'oxm');
  return dialect.nicira ? flexible(match, inPort, dialect, 'nxm') : match10(match, inPort, dialect);
}

function flexible(
  match: FlowMatch,
  inPort: number,
  dialect: Dialect,
  names: 'oxm' | 'nxm',
): OxmMatch {
  const fields: KnownField[] = [
    names === 'oxm'
      ? known('in_port', bytesOf(inPort, 4))
      : known('nxm_of_in_port', bytesOf(inPort & 0xffff, 2)),
  ];
  // In the order of SAME_FIELDS, prerequisites first; VLAN directly after the ethertype.
  for (const name of ORDER) {
    const f = fieldOf(match, name);
    if (f !== undefined) fields.push(same(f, dialect, names));
    if (name === 'eth_type') fields.push(...vlan(match, dialect, names));
    if (name === 'ip_proto') fields.push(...ipHeader(match, dialect, names));
  }
  const flags = fieldOf(match, 'tcp_flags');
  if (flags !== undefined) {
    if (!dialect.nicira)
      throw untranslatable('tcp_flags', "only Nicira's fields include it", dialect);
    fields.push(known('nxm_nx_tcp_flags', flags.value, isExact(flags) ? undefined : flags.mask));
  }
  const rest = match.fields.find((f) => !EXPRESSED.has(f.field));
  if (rest !== undefined) throw untranslatable(rest.field, 'it has no such field', dialect);
  return { kind: 'oxm', fields };
}

const ORDER: readonly FieldName[] = Object.keys(SAME_FIELDS).filter(isSame);
const EXPRESSED: ReadonlySet<FieldName> = new Set<FieldName>([
  ...ORDER,
  'vlan_tpid',
  'vlan_vid',
  'vlan_pcp',
  'ip_tos',
  'ip_ttl',
  'ip_frag',
  'tcp_flags',
]);

function isSame(name: string): name is FieldName {
  return name in SAME_FIELDS;
}

function same(f: FieldMatch, dialect: Dialect, names: 'oxm' | 'nxm'): KnownField {
  const row = SAME_FIELDS[f.field];
  const name = row?.[names];
  if (row === undefined || name === undefined) {
    throw untranslatable(f.field, 'it has no such field', dialect);
  }
  if (isExact(f)) return known(name, f.value);
  if (row.mask === 'never' || (row.mask === 'nicira' && !dialect.nicira)) {
    throw untranslatable(f.field, 'it cannot be masked', dialect);
  }
  return known(name, f.value, f.mask);
}

/** The tag, or its absence: a datapath flow without `vlan_tpid` matches untagged packets. */
function vlan(match: FlowMatch, dialect: Dialect, names: 'oxm' | 'nxm'): KnownField[] {
  const tagged = fieldOf(match, 'vlan_tpid') !== undefined;
  const vid = fieldOf(match, 'vlan_vid');
  const pcp = fieldOf(match, 'vlan_pcp');
  if (names === 'nxm') {
    const part = (f: FieldMatch | undefined, of: 'value' | 'mask', shift: number): number =>
      f === undefined ? 0 : number(f[of]) << shift;
    if (!tagged) return [known('nxm_of_vlan_tci', bytesOf(0, 2))];
    const tci = TAG_PRESENT | part(vid, 'value', 0) | part(pcp, 'value', 13);
    const mask = TAG_PRESENT | part(vid, 'mask', 0) | part(pcp, 'mask', 13);
    const bytes = mask === 0xffff ? undefined : bytesOf(mask, 2);
    return [known('nxm_of_vlan_tci', bytesOf(tci, 2), bytes)];
  }
  if (!tagged) return [known('vlan_vid', bytesOf(0, 2))];
  const value = TAG_PRESENT | (vid === undefined ? 0 : number(vid.value));
  const mask = TAG_PRESENT | (vid === undefined ? 0 : number(vid.mask));
  const fields = [
    known('vlan_vid', bytesOf(value, 2), mask === 0x1fff ? undefined : bytesOf(mask, 2)),
  ];
  if (pcp === undefined) return fields;
  if (!isExact(pcp)) throw untranslatable('vlan_pcp', 'it cannot be masked', dialect);
  return [...fields, known('vlan_pcp', pcp.value)];
}

/** TOS byte, TTL and fragments. */
function ipHeader(match: FlowMatch, dialect: Dialect, names: 'oxm' | 'nxm'): KnownField[] {
  const fields: KnownField[] = [];
  const tos = fieldOf(match, 'ip_tos');
  if (tos !== undefined) {
    const dscp = tos.mask[0] & 0xfc;
    const ecn = tos.mask[0] & 0x03;
    if ((dscp !== 0 && dscp !== 0xfc) || (ecn !== 0 && ecn !== 0x03)) {
      throw untranslatable('ip_tos', 'neither DSCP nor ECN can be masked', dialect);
    }
    const value = tos.value[0];
    if (dscp !== 0) {
      fields.push(
        names === 'oxm'
          ? known('ip_dscp', Uint8Array.of(value >> 2))
          : known('nxm_of_ip_tos', Uint8Array.of(value & 0xfc)),
      );
    }
    if (ecn !== 0) {
      fields.push(known(names === 'oxm' ? 'ip_ecn' : 'nxm_nx_ip_ecn', Uint8Array.of(value & 0x03)));
    }
  }
  const ttl = fieldOf(match, 'ip_ttl');
  if (ttl !== undefined) {
    if (!dialect.nicira || !isExact(ttl))
      throw untranslatable('ip_ttl', 'it has no such field', dialect);
    fields.push(known('nxm_nx_ip_ttl', ttl.value));
  }
  const frag = fieldOf(match, 'ip_frag');
  if (frag !== undefined) {
    const value = fragmentBits(frag, dialect);
    if (dialect.nicira) fields.push(known('nxm_nx_ip_frag', Uint8Array.of(value)));
  }
  return fields;
}

/** Nicira's two bits: any fragment, later fragment. */
function fragmentBits(frag: FieldMatch, dialect: Dialect): number {
  if (!isExact(frag)) throw untranslatable('ip_frag', 'it cannot be masked', dialect);
  const kind = frag.value[0];
  if (kind !== 0 && !dialect.nicira)
    throw untranslatable('ip_frag', 'it has no such field', dialect);
  return kind === 2 ? 3 : kind;
}

function known(name: OxmName, value: Uint8Array, mask?: Uint8Array): KnownField {
  return { kind: 'field', name, value, mask };
}

function untranslatable(
  field: FieldName,
  why: string,
  { version, nicira }: Dialect,
): Untranslatable {
  const dialect = nicira ? `${versionName(version)} with Nicira's fields` : versionName(version);
  return new Untranslatable(
    'unsupported-match',
    `${field} cannot be expressed in ${dialect}: ${why}`,
  );
}

function bytesOf(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (value / 2 ** (8 * (length - 1 - i))) & 0xff;
  return bytes;
}

function number(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
