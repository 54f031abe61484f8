import { setTunnel } from '../../../../protocols/netlink/tc/actions.ts';
import type { GeneveOption } from '../../../../protocols/netlink/tc/geneve.ts';
import { readGeneveOptions } from './geneve-text.ts';
import {
  MAX_KEY_ID,
  partText,
  readTunnelText,
  TUNNEL_FIELDS,
  UNASKED_FLAGS,
} from './tunnel-text.ts';

/** Types of options that receivers must understand (RFC 8926, 3.5). */
const CRITICAL = 0x80;

/**
 * Translates outer headers, such as `tun_id=0x64,dst=10.0.0.2,ttl=64,tp_dst=4789,flags(df|key)`, to the action that
 * gives them to packets; returns why tc cannot.
 *
 * @param canForbidFragments whether the kernel can set the flag DF (Linux 6.4)
 */
export function encodeTunnelSet(text: string, canForbidFragments: boolean): Buffer | string {
  const { fields, flags, geneve } = readTunnelText(text);
  const other = flags.find((flag) => !UNASKED_FLAGS.has(flag));
  if (other !== undefined) return `tc cannot set the flag ${other} of a tunnel`;
  const found = new Map<string, Buffer>();
  for (const [name, written] of fields) {
    if (name === 'tun_id') continue;
    const bytes = name === 'tp_src' ? undefined : TUNNEL_FIELDS[name]?.read(written);
    if (bytes === undefined) return `tc cannot set ${partText(name, written)} of a tunnel`;
    found.set(name, Buffer.from(bytes));
  }
  const destination = found.get('dst') ?? found.get('ipv6_dst');
  if (destination === undefined || !fields.has('tun_id') || !flags.includes('key')) {
    return 'the tunnel has no destination or no id';
  }
  const keyId = Number(fields.get('tun_id'));
  if (!(keyId >= 0 && keyId <= MAX_KEY_ID)) return 'the id of the tunnel has more than 32 bits';
  const options = optionsOf(geneve);
  if (typeof options === 'string') return options;
  const doNotFragment = flags.includes('df');
  // In outer headers of IPv6 there is no such flag.
  if (doNotFragment && destination.length === 4 && !canForbidFragments) {
    return 'tc sets the flag DF of a tunnel from Linux 6.4 on';
  }
  return setTunnel({
    source: found.get('src') ?? found.get('ipv6_src') ?? Buffer.alloc(destination.length),
    destination,
    keyId,
    destinationPort: found.get('tp_dst')?.readUInt16BE(0) ?? 0,
    ttl: found.get('ttl')?.[0] ?? 0,
    tos: found.get('tos')?.[0] ?? 0,
    hasChecksum: flags.includes('csum'),
    doNotFragment,
    options,
  });
}

/** Options of Geneve, or why tc cannot set them. */
function optionsOf(text: string): readonly GeneveOption[] | string {
  const options = readGeneveOptions(text)?.map(({ value }) => value);
  if (options === undefined) return `tc cannot set geneve(${text}) of a tunnel`;
  if (options.some(({ data }) => data.length === 0)) return 'tc cannot set an option without data';
  // The vSwitch sets the flag C of the header for them.
  if (options.some(({ type }) => (type & CRITICAL) !== 0)) {
    return 'tc does not say in the header of a tunnel that an option is critical';
  }
  return options;
}
