import { encodeAttribute } from '../../../../protocols/netlink/attributes.ts';
import { FLOWER } from '../../../../protocols/netlink/tc/flower-table.ts';
import { encodeGeneveOptions } from '../../../../protocols/netlink/tc/geneve.ts';
import { attributesOf } from '../../../../protocols/netlink/tables.ts';
import { readGeneveOptions } from './geneve-text.ts';
import { tunnelDevice } from './tunnel-device.ts';
import {
  MAX_KEY_ID,
  partText,
  readTunnelText,
  TUNNEL_FIELDS,
  UNASKED_FLAGS,
} from './tunnel-text.ts';

/** A match of outer headers as `flower` has it. */
export interface TunnelMatch {
  /** Options of the filter. */
  readonly keys: readonly Buffer[];
  /** Bytes of the options of Geneve that each packet has. `flower` cannot compare this number; the gate does. */
  readonly optionBytes: number;
}

/** Header of an option of Geneve, bytes. */
const OPTION_HEADER_BYTES = 4;

/**
 * Translates a match of outer headers, such as `tun_id=0x64,src=10.0.0.1,dst=10.0.0.2,flags(-df-csum+key)`; returns why
 * `flower` cannot match them.
 */
export function encodeTunnelMatch(text: string): TunnelMatch | string {
  const { fields, flags, geneve } = readTunnelText(text);
  const unknown = flags.find((flag) => !UNASKED_FLAGS.has(flag));
  if (unknown !== undefined) return `flower cannot match the flag ${unknown} of a tunnel`;
  const keys: Buffer[] = [];
  for (const [name, written] of fields) {
    const problem = name === 'tun_id' ? encodeId(written, keys) : encodeField(name, written, keys);
    if (problem !== undefined) return problem;
  }
  if (!fields.has('tun_id')) return 'the tunnel is matched without its id';
  // The kernel leaves a TOS of 0 out of a flow's key, and its mask with it, which is exact as a rule.
  if (!fields.has('tos')) keys.push(FLOWER.tunnelIpTos.of(0), FLOWER.tunnelIpTosMask.of(0xff));
  const optionBytes = encodeOption(geneve, keys);
  return typeof optionBytes === 'string' ? optionBytes : { keys, optionBytes };
}

/**
 * The same for a NIC, which sees packets before the tunnel's device: they are those that are sent to its port.
 *
 * @param device name of the tunnel's device
 */
export function encodeTunnelMatchForNic(text: string, device: string): TunnelMatch | string {
  const encoded = encodeTunnelMatch(text);
  if (typeof encoded === 'string') return encoded;
  const tunnel = tunnelDevice(device);
  if (tunnel === undefined) return `the port of the tunnels of ${device} is not known`;
  const { kind, port } = tunnel;
  // NICs compare the number of their bytes only where options are matched.
  if (kind === 'geneve' && encoded.optionBytes === 0) {
    return 'a NIC cannot tell packets without options of Geneve from those with some';
  }
  const keys = [
    FLOWER.tunnelUdpDestinationPort.of(port),
    FLOWER.tunnelUdpDestinationPortMask.of(0xffff),
  ];
  const has = encoded.keys.some((key) => key.readUInt16LE(2) === keys[0].readUInt16LE(2));
  return has ? encoded : { ...encoded, keys: [...encoded.keys, ...keys] };
}

function encodeId(written: string, keys: Buffer[]): string | undefined {
  const [value = '', mask] = written.split('/');
  const id = Number(value);
  const isExact = mask === undefined || /^0xf{16}$/.test(mask);
  if (!isExact || !(id >= 0 && id <= MAX_KEY_ID)) return `flower cannot match tun_id=${written}`;
  keys.push(FLOWER.tunnelKeyId.of(id));
  return undefined;
}

function encodeField(name: string, written: string, keys: Buffer[]): string | undefined {
  const known = TUNNEL_FIELDS[name];
  const [value, mask] = written.split('/').map((one) => known?.read(one));
  const isMasked = written.includes('/');
  if (known === undefined || value === undefined || (isMasked && mask === undefined)) {
    return `flower cannot match ${partText(name, written)} of a tunnel`;
  }
  const bits = mask ?? Buffer.alloc(value.length, 0xff);
  if (bits.every((byte) => byte === 0)) return undefined;
  keys.push(
    encodeAttribute(known.value.number, Buffer.from(value)),
    encodeAttribute(known.mask.number, Buffer.from(bits)),
  );
  return undefined;
}

/**
 * The options of Geneve; returns their bytes, or why `flower` cannot match them. It compares lengths under masks that are
 * the lengths themselves, which other lengths can pass. What one option has in common with all that pass is little
 * enough for the gate to check.
 */
function encodeOption(text: string, keys: Buffer[]): number | string {
  if (text === '') return 0;
  const options = readGeneveOptions(text);
  if (options === undefined) return `flower cannot match geneve(${text}) of a tunnel`;
  const [option] = options;
  if (options.length !== 1) return `flower cannot tell ${options.length} options from longer ones`;
  const { length } = option.value.data;
  if (length === 0) return 'flower cannot match an option without data';
  keys.push(
    FLOWER.tunnelOptions.of(attributesOf(encodeGeneveOptions([option.value]))),
    FLOWER.tunnelOptionsMask.of(attributesOf(encodeGeneveOptions([option.mask]))),
  );
  return OPTION_HEADER_BYTES + length;
}
