import { encodeAttribute } from '../../../../protocols/netlink/attributes.ts';
import { setTunnel } from '../../../../protocols/netlink/tc/actions.ts';
import { FLOWER } from '../../../../protocols/netlink/tc/flower-table.ts';

/**
 * Flags that ovs-vswitchd matches in each flow from a tunnel (`tnl_wc_init` in ofproto/tunnel.c), but that no rule can
 * ask for: packets with others have the same actions.
 */
const UNASKED_FLAGS: ReadonlySet<string> = new Set(['df', 'csum', 'key']);
const MAX_KEY_ID = 0xffff_ffff;

/** How a part of the outer headers is written, and the attributes that match it. */
interface Part {
  /** The bytes of a value or mask; undefined: it is not one. */
  readonly read: (text: string) => Buffer | undefined;
  readonly value: { readonly number: number };
  readonly mask: { readonly number: number };
}

const octet = (text: string): Buffer | undefined => numberOf(text, 1);
const port = (text: string): Buffer | undefined => numberOf(text, 2);

const PARTS: Readonly<Record<string, Part>> = {
  src: { read: address, value: FLOWER.tunnelIpv4Source, mask: FLOWER.tunnelIpv4SourceMask },
  dst: {
    read: address,
    value: FLOWER.tunnelIpv4Destination,
    mask: FLOWER.tunnelIpv4DestinationMask,
  },
  tos: { read: octet, value: FLOWER.tunnelIpTos, mask: FLOWER.tunnelIpTosMask },
  ttl: { read: octet, value: FLOWER.tunnelIpTtl, mask: FLOWER.tunnelIpTtlMask },
  tp_src: {
    read: port,
    value: FLOWER.tunnelUdpSourcePort,
    mask: FLOWER.tunnelUdpSourcePortMask,
  },
  tp_dst: {
    read: port,
    value: FLOWER.tunnelUdpDestinationPort,
    mask: FLOWER.tunnelUdpDestinationPortMask,
  },
};

/**
 * Translates a match of outer headers, such as `tun_id=0x64,src=10.0.0.1,dst=10.0.0.2,flags(-df-csum+key)`, to options
 * of the filter; returns why `flower` cannot match them.
 */
export function encodeTunnelMatch(text: string): readonly Buffer[] | string {
  const keys: Buffer[] = [];
  // The kernel leaves a TOS of 0 out of a flow's key, and its mask with it, which is exact as a rule.
  let hasTos = false;
  let hasId = false;
  for (const part of partsOf(text)) {
    const [name = '', written = ''] = part.split(/=(.*)/s);
    if (name === 'tun_id') {
      const [value = '', mask] = written.split('/');
      const id = Number(value);
      const isExact = mask === undefined || /^0xf{16}$/.test(mask);
      if (!isExact || !(id >= 0 && id <= MAX_KEY_ID)) return `flower cannot match ${part}`;
      keys.push(FLOWER.tunnelKeyId.of(id));
      hasId = true;
      continue;
    }
    const flags = /^flags\((.*)\)$/.exec(part)?.[1];
    if (flags !== undefined) {
      const unknown = flagsOf(flags).find((flag) => !UNASKED_FLAGS.has(flag));
      if (unknown !== undefined) return `flower cannot match the flag ${unknown} of a tunnel`;
      continue;
    }
    const known = PARTS[name];
    const [value, mask] = written.split('/').map((one) => known?.read(one));
    const isMasked = written.includes('/');
    if (known === undefined || value === undefined || (isMasked && mask === undefined)) {
      return `flower cannot match ${part} of a tunnel`;
    }
    const bits = mask ?? Buffer.alloc(value.length, 0xff);
    if (name === 'tos') hasTos = true;
    if (bits.every((byte) => byte === 0)) continue;
    keys.push(encodeAttribute(known.value.number, value), encodeAttribute(known.mask.number, bits));
  }
  if (!hasTos) keys.push(FLOWER.tunnelIpTos.of(0), FLOWER.tunnelIpTosMask.of(0xff));
  return hasId ? keys : 'the tunnel is matched without its id';
}

/**
 * Translates outer headers, such as `tun_id=0x64,dst=10.0.0.2,ttl=64,tp_dst=4789,flags(df|key)`, to the action that
 * gives them to packets; returns why tc cannot.
 *
 * @param canForbidFragments whether the kernel can set the flag DF (Linux 6.4)
 */
export function encodeTunnelSet(text: string, canForbidFragments: boolean): Buffer | string {
  const found = new Map<string, Buffer | undefined>();
  let keyId: number | undefined;
  let flags: readonly string[] = [];
  for (const part of partsOf(text)) {
    const [name = '', written = ''] = part.split(/=(.*)/s);
    const inFlags = /^flags\((.*)\)$/.exec(part)?.[1];
    if (name === 'tun_id') keyId = Number(written);
    else if (inFlags !== undefined) flags = flagsOf(inFlags);
    else if (name === 'tp_src' || PARTS[name] === undefined)
      return `tc cannot set ${part} of a tunnel`;
    else found.set(name, PARTS[name].read(written));
  }
  const destination = found.get('dst');
  const other = flags.find((flag) => !UNASKED_FLAGS.has(flag));
  if (other !== undefined) return `tc cannot set the flag ${other} of a tunnel`;
  if ([...found.values()].includes(undefined)) return `tc cannot set the tunnel ${text}`;
  if (destination === undefined || keyId === undefined || !flags.includes('key')) {
    return 'the tunnel has no IPv4 destination or no id';
  }
  if (!(keyId >= 0 && keyId <= MAX_KEY_ID)) return 'the id of the tunnel has more than 32 bits';
  const doNotFragment = flags.includes('df');
  if (doNotFragment && !canForbidFragments) {
    return 'tc sets the flag DF of a tunnel from Linux 6.4 on';
  }
  return setTunnel({
    source: found.get('src') ?? Buffer.alloc(destination.length),
    destination,
    keyId,
    destinationPort: found.get('tp_dst')?.readUInt16BE(0) ?? 0,
    ttl: found.get('ttl')?.[0] ?? 0,
    tos: found.get('tos')?.[0] ?? 0,
    hasChecksum: flags.includes('csum'),
    doNotFragment,
  });
}

/** Splits at commas outside of parentheses. */
function partsOf(text: string): readonly string[] {
  return text.split(/,(?![^(]*\))/).filter((part) => part !== '');
}

/** Names of flags in `-df-csum+key`, `df|key` or `0`. */
function flagsOf(text: string): readonly string[] {
  return text.split(/[-+|]/).filter((flag) => flag !== '' && !/^0(?:\/0)?$/.test(flag));
}

function numberOf(text: string, bytes: 1 | 2): Buffer | undefined {
  const value = /^(?:0x[0-9a-f]+|\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(value < 2 ** (8 * bytes))) return undefined;
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

function address(text: string): Buffer | undefined {
  const octets = /^\d+\.\d+\.\d+\.\d+$/.test(text) ? text.split('.').map(Number) : [];
  return octets.length === 4 && octets.every((one) => one < 256) ? Buffer.from(octets) : undefined;
}
