import type { TunnelHeader, TunnelKind } from '../../model/tunnel.ts';
import { NamedParts } from './named-parts.ts';
import { geneveOptions, hasCriticalOption } from './tunnel-options.ts';
import { readIpv4, readIpv6, readMac } from './values.ts';

/**
 * Outer headers as a megaflow of the kernel's datapath sets them: the tunnel device that it sends to says which
 * kind. A source address of zeros is chosen by the kernel.
 */
export type TunnelKey = Omit<TunnelHeader, 'kind'>;

const UDP = 17;
const DO_NOT_FRAGMENT = 0x4000;
const MAX_VNI = 0xff_ffff;
/** Flags of a tunnel key that a {@link TunnelHeader} has. */
const KEY_FLAGS: ReadonlySet<string> = new Set(['df', 'csum', 'key']);
/** The only flag of VXLAN without extensions: there is a VNI. */
const VXLAN_FLAGS = 0x800_0000;
/** Ethernet, UDP, and Geneve or VXLAN without options. */
const FIXED_BYTES = 14 + 8 + 8;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;

type Ip = Pick<TunnelHeader, 'src' | 'dst' | 'tos' | 'ttl' | 'doNotFragment'>;
type Encapsulation = Pick<TunnelHeader, 'vni' | 'options'> & { readonly kind: TunnelKind };

/**
 * Reads the inside of `tnl_push(...)` (format_odp_tnl_push_header in lib/odp-util.c). Undefined for other
 * encapsulations than Geneve and VXLAN, and for headers that {@link TunnelHeader} does not cover.
 */
export function pushedHeader(text: string): TunnelHeader | undefined {
  const action = NamedParts.read(text);
  const header = action?.inside('header');
  const ethernet = header?.inside('eth');
  const dst = ethernet?.bytes('dst', readMac);
  const src = ethernet?.bytes('src', readMac);
  const type = ethernet?.number('dl_type', 0xffff);
  if (header === undefined || dst === undefined || src === undefined) return undefined;
  const ip = type === 0x0800 ? readIpv4Header(header) : readIpv6Header(header);
  const udp = header.inside('udp');
  const dstPort = udp?.number('dst', 0xffff);
  const checksum = udp?.number('csum', 0xffff);
  const isIpv6 = type === 0x86dd;
  const inside = readGeneve(header) ?? readVxlan(header);
  if (ip === undefined || inside === undefined) return undefined;
  if ((ip.src.length === 16) !== isIpv6 || udp?.number('src', 0) !== 0) return undefined;
  if (dstPort === undefined || checksum === undefined) return undefined;
  const size = FIXED_BYTES + (isIpv6 ? IPV6_BYTES : IPV4_BYTES) + inside.options.length;
  if (header.number('size', 0xffff) !== size) return undefined;
  const hasChecksum = checksum !== 0;
  return { ...inside, ...ip, ethernet: { src, dst }, srcPort: undefined, dstPort, hasChecksum };
}

function readIpv4Header(header: NamedParts): Ip | undefined {
  const ip = header.inside('ipv4');
  const src = ip?.bytes('src', readIpv4);
  const dst = ip?.bytes('dst', readIpv4);
  const tos = ip?.number('tos', 0xff);
  const ttl = ip?.number('ttl', 0xff);
  const fragment = ip?.number('frag', 0xffff);
  if (src === undefined || dst === undefined || tos === undefined || ttl === undefined) {
    return undefined;
  }
  if (fragment !== 0 && fragment !== DO_NOT_FRAGMENT) return undefined;
  if (ip?.number('proto', UDP) !== UDP || !ip.isEmpty) return undefined;
  return { src, dst, tos, ttl, doNotFragment: fragment !== 0 };
}

function readIpv6Header(header: NamedParts): Ip | undefined {
  const ip = header.inside('ipv6');
  const src = ip?.bytes('src', readIpv6);
  const dst = ip?.bytes('dst', readIpv6);
  const tos = ip?.number('tclass', 0xff);
  const ttl = ip?.number('hlimit', 0xff);
  if (src === undefined || dst === undefined || tos === undefined || ttl === undefined) {
    return undefined;
  }
  if (ip?.number('label', 0) !== 0 || ip.number('proto', UDP) !== UDP || !ip.isEmpty) {
    return undefined;
  }
  return { src, dst, tos, ttl, doNotFragment: false };
}

function readGeneve(header: NamedParts): Encapsulation | undefined {
  const geneve = header.inside('geneve');
  const isCritical = geneve?.text('crit') !== undefined;
  const vni = geneve?.number('vni', MAX_VNI);
  const options = geneveOptions(geneve?.text('options') ?? '')?.value;
  if (geneve === undefined || vni === undefined || options === undefined) return undefined;
  // What is left is the OAM flag. The critical flag follows from the options.
  if (!geneve.isEmpty || hasCriticalOption(options) !== isCritical) return undefined;
  return { kind: 'geneve', vni, options };
}

function readVxlan(header: NamedParts): Encapsulation | undefined {
  const vxlan = header.inside('vxlan');
  const vni = vxlan?.number('vni', MAX_VNI);
  if (vni === undefined || vxlan?.number('flags', VXLAN_FLAGS) !== VXLAN_FLAGS) return undefined;
  return vxlan.isEmpty ? { kind: 'vxlan', vni, options: new Uint8Array(0) } : undefined;
}

/**
 * Reads the inside of `set(tunnel(...))`, such as
 * `tun_id=0x1,dst=172.16.0.2,ttl=64,tp_dst=6081,geneve({...}),flags(df|csum|key)`. Undefined for headers that
 * {@link TunnelHeader} does not cover.
 */
export function tunnelKey(text: string): TunnelKey | undefined {
  const parts = NamedParts.read(text);
  if (parts === undefined) return undefined;
  const isIpv6 = parts.has('ipv6_dst');
  const [srcName, dstName] = isIpv6 ? ['ipv6_src', 'ipv6_dst'] : ['src', 'dst'];
  const readAddress = isIpv6 ? readIpv6 : readIpv4;
  const hasSource = parts.has(srcName);
  const dst = parts.bytes(dstName, readAddress);
  const src = hasSource ? parts.bytes(srcName, readAddress) : dst && new Uint8Array(dst.length);
  const vni = parts.number('tun_id', MAX_VNI);
  const ttl = parts.number('ttl', 0xff);
  // What is 0 is not in the text.
  const tos = parts.has('tos') ? parts.number('tos', 0xff) : 0;
  const dstPort = parts.has('tp_dst') ? parts.number('tp_dst', 0xffff) : 0;
  const options = geneveOptions(parts.text('geneve') ?? '')?.value;
  const flags = parts.text('flags')?.split('|') ?? [];
  if (src === undefined || dst === undefined || vni === undefined) return undefined;
  if (tos === undefined || ttl === undefined || dstPort === undefined) return undefined;
  if (options === undefined || !parts.isEmpty || !flags.includes('key')) return undefined;
  if (flags.some((flag) => !KEY_FLAGS.has(flag))) return undefined;
  const doNotFragment = flags.includes('df');
  const hasChecksum = flags.includes('csum');
  const ip = { src, dst, tos, ttl, doNotFragment };
  return { ethernet: undefined, ...ip, srcPort: undefined, dstPort, hasChecksum, vni, options };
}
