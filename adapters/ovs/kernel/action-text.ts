import { type Attribute, attributesIn } from '../../../protocols/netlink/attributes.ts';
import { conntrackText } from './conntrack-text.ts';
import type { PortName } from './key-reader.ts';
import { KEY, keyName, STRUCTS } from './key-table.ts';
import { keyAttributeText, labelText } from './key-text.ts';
import { hex } from './masked-text.ts';
import { pushNshText, setNshText } from './nsh-text.ts';
import { structText } from './struct-text.ts';
import { userspaceText } from './userspace-text.ts';

/** `OVS_ACTION_ATTR_*` (include/uapi/linux/openvswitch.h). */
export const ACTION = {
  output: 1,
  userspace: 2,
  set: 3,
  pushVlan: 4,
  popVlan: 5,
  sample: 6,
  recirculate: 7,
  hash: 8,
  pushMpls: 9,
  popMpls: 10,
  setMasked: 11,
  conntrack: 12,
  truncate: 13,
  pushEthernet: 14,
  popEthernet: 15,
  conntrackClear: 16,
  pushNsh: 17,
  popNsh: 18,
  meter: 19,
  clone: 20,
  checkPacketLength: 21,
  addMpls: 22,
  decrementTtl: 23,
  drop: 24,
} as const;

const SAMPLE = { probability: 1, actions: 2 } as const;
const CHECK = { length: 1, ifGreater: 2, ifLessOrEqual: 3 } as const;
const HASHES = ['l4', 'sym_l4'];
const CFI = 0x1000;

/**
 * Actions as `format_odp_actions` (lib/odp-util.c) prints them, for those that the model keeps as
 * text. Of actions that are not known here, number and bytes.
 */
export function actionsText(actions: readonly Attribute[], portName: PortName): string {
  if (actions.length === 0) return 'drop';
  return actions.map((action) => actionText(action, portName)).join(',');
}

function actionText(action: Attribute, portName: PortName): string {
  const { value } = action;
  // A length that OVS does not expect is shown as bytes.
  return knownText(action, portName) ?? genericText(action.type, value);
}

function genericText(type: number, value: Buffer): string {
  const bytes = value.toString('hex').replace(/..(?!$)/g, '$& ');
  return `action${type}${bytes === '' ? '' : `(${bytes})`}`;
}

function knownText({ type, value }: Attribute, portName: PortName): string | undefined {
  const inside = (bytes: Buffer): string => actionsText(attributesIn(bytes), portName);
  const u32 = (): number | undefined => (value.length === 4 ? value.readUInt32LE(0) : undefined);
  switch (type) {
    case ACTION.output:
      return format(u32(), portName);
    case ACTION.userspace:
      return userspaceText(value, portName);
    case ACTION.set:
      return setText(value, false);
    case ACTION.setMasked:
      return setText(value, true);
    case ACTION.pushVlan:
      return pushVlanText(value);
    case ACTION.popVlan:
      return 'pop_vlan';
    case ACTION.sample:
      return sampleText(value, inside);
    case ACTION.recirculate:
      return format(u32(), (id) => `recirc(${hex(id)})`);
    case ACTION.hash:
      return hashText(value);
    case ACTION.pushMpls:
      return value.length < 6 ? undefined : `push_mpls(${mplsText(value)})`;
    case ACTION.addMpls:
      return value.length < 6 ? undefined : `add_mpls(${mplsText(value)})`;
    case ACTION.popMpls:
      return value.length < 2
        ? undefined
        : `pop_mpls(eth_type=0x${value.readUInt16BE(0).toString(16)})`;
    case ACTION.conntrack:
      return conntrackText(value);
    case ACTION.truncate:
      return format(u32(), (bytes) => `trunc(${bytes})`);
    case ACTION.pushEthernet:
      return value.length === 12 ? `push_eth(${structText(KEY.ethernet, value)})` : undefined;
    case ACTION.popEthernet:
      return 'pop_eth';
    case ACTION.conntrackClear:
      return 'ct_clear';
    case ACTION.pushNsh:
      return pushNsh(value);
    case ACTION.popNsh:
      return 'pop_nsh()';
    case ACTION.meter:
      return format(u32(), (id) => `meter(${id})`);
    case ACTION.clone:
      return `clone(${inside(value)})`;
    case ACTION.checkPacketLength:
      return checkLengthText(value, inside);
    case ACTION.drop:
      return 'drop';
    default:
      return undefined;
  }
}

function format<Value>(
  value: Value | undefined,
  text: (value: Value) => string,
): string | undefined {
  return value === undefined ? undefined : text(value);
}

function setText(value: Buffer, isMasked: boolean): string | undefined {
  const [written] = attributesIn(value);
  if (written === undefined) return undefined;
  if (isMasked && written.type === KEY.nsh) return `set(nsh(${setNshText(written.value)}))`;
  const half = written.value.length >> 1;
  const struct = STRUCTS[written.type];
  if (struct !== undefined) {
    if (struct.bytes !== (isMasked ? half : written.value.length)) return undefined;
    // Only a mask of zero leaves a set action without fields.
    const fields = structText(
      written.type,
      isMasked ? written.value.subarray(0, half) : written.value,
      isMasked ? written.value.subarray(half) : undefined,
    );
    return `set(${keyName(written.type)}(${fields}))`;
  }
  return isMasked
    ? `set(${keyAttributeText(written.type, written.value.subarray(0, half), written.value.subarray(half), false)})`
    : `set(${keyAttributeText(written.type, written.value, undefined, true)})`;
}

/** The key that is pushed is nested in the action. */
function pushNsh(value: Buffer): string | undefined {
  const [key] = attributesIn(value);
  return key === undefined
    ? undefined
    : format(pushNshText(key.value), (text) => `push_nsh(${text})`);
}

function pushVlanText(value: Buffer): string | undefined {
  if (value.length !== 4) return undefined;
  const tpid = value.readUInt16BE(0);
  const tci = value.readUInt16BE(2);
  const prefix = tpid === 0x8100 ? '' : `tpid=0x${tpid.toString(16).padStart(4, '0')},`;
  const suffix = (tci & CFI) === 0 ? ',cfi=0' : '';
  return `push_vlan(${prefix}vid=${tci & 0xfff},pcp=${tci >>> 13}${suffix})`;
}

function sampleText(value: Buffer, inside: (bytes: Buffer) => string): string | undefined {
  const parts = byType(value);
  const probability = parts.get(SAMPLE.probability);
  const actions = parts.get(SAMPLE.actions);
  if (probability?.length !== 4 || actions === undefined) return undefined;
  const percent = ((100 * probability.readUInt32LE(0)) / 0xffff_ffff).toFixed(1);
  return `sample(sample=${percent}%,actions(${inside(actions)}))`;
}

function checkLengthText(value: Buffer, inside: (bytes: Buffer) => string): string | undefined {
  const parts = byType(value);
  const length = parts.get(CHECK.length);
  const greater = parts.get(CHECK.ifGreater);
  const less = parts.get(CHECK.ifLessOrEqual);
  if (length?.length !== 2 || greater === undefined || less === undefined) return undefined;
  return `check_pkt_len(size=${length.readUInt16LE(0)},gt(${inside(greater)}),le(${inside(less)}))`;
}

function byType(value: Buffer): ReadonlyMap<number, Buffer> {
  return new Map(attributesIn(value).map((part) => [part.type, part.value]));
}

function hashText(value: Buffer): string | undefined {
  if (value.length !== 8) return undefined;
  const algorithm = value.readUInt32LE(0);
  const name = HASHES[algorithm];
  return name === undefined
    ? `hash(Unknown hash algorithm(${algorithm}))`
    : `hash(${name}(${value.readUInt32LE(4)}))`;
}

/** A label stack entry and an ethertype. */
function mplsText(value: Buffer): string {
  return `${labelText(value.readUInt32BE(0))},eth_type=0x${value.readUInt16BE(4).toString(16)}`;
}
