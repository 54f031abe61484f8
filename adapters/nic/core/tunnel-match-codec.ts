import type { FieldMatch, FieldName, TunnelMatch } from '../../../engine/model/match.ts';
import { isExact } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import { tunnelName } from '../../../engine/model/tunnel.ts';
import { ETH_IPV4, ETH_IPV6, OUTER_FLAG } from './key-layout.ts';
import { TUNNEL_KEY, TUNNEL_SHAPE } from './records.ts';
import { optionsProblem, putTunnelHead } from './tunnel-head.ts';

const UDP = 17;

/** Where an address is in `struct tunnel_key`, and the bit of the shape that says that it is compared. */
const ADDRESSES: ReadonlyMap<FieldName, readonly [at: number, shape: number]> = new Map([
  ['eth_dst', [TUNNEL_KEY.ethDst, TUNNEL_SHAPE.ethDst]],
  ['eth_src', [TUNNEL_KEY.ethSrc, TUNNEL_SHAPE.ethSrc]],
  ['ipv4_src', [TUNNEL_KEY.src, TUNNEL_SHAPE.ipSrc]],
  ['ipv6_src', [TUNNEL_KEY.src, TUNNEL_SHAPE.ipSrc]],
  ['ipv4_dst', [TUNNEL_KEY.dst, TUNNEL_SHAPE.ipDst]],
  ['ipv6_dst', [TUNNEL_KEY.dst, TUNNEL_SHAPE.ipDst]],
]);

/** Fields that every packet in a tunnel has with these values: the program checks them. */
const ALWAYS: ReadonlyMap<FieldName, number> = new Map([
  ['ip_proto', UDP],
  ['ip_frag', 0],
]);

/**
 * The outer headers of a match as the program looks them up: `struct tunnel_key` without its port, and what of
 * them is in `struct flow_key`. Buffers for one match at a time.
 */
export class EncodedTunnel {
  readonly key = new Uint8Array(TUNNEL_KEY.bytes);
  /** TOS, TTL and flags, with their masks. */
  readonly outer = new Uint8Array(3);
  readonly outerMask = new Uint8Array(3);
  readonly #view = new DataView(this.key.buffer);

  /** Why packets of such a tunnel cannot be matched, or undefined. */
  encode(tunnel: TunnelMatch): Refusal | undefined {
    const problem = this.#encode(tunnel);
    if (problem === undefined) return undefined;
    return { code: 'unsupported-match', detail: `${tunnelName(tunnel)}: ${problem}` };
  }

  #encode(tunnel: TunnelMatch): string | undefined {
    this.key.fill(0);
    this.outer.fill(0);
    this.outerMask.fill(0);
    const malformed = optionsProblem(tunnel.kind, tunnel.options);
    if (malformed !== undefined) return malformed;
    putTunnelHead(this.#view, TUNNEL_KEY.head, tunnel);
    this.key.set(tunnel.options, TUNNEL_KEY.options);
    for (const field of tunnel.fields) {
      const problem = this.#add(field);
      if (problem !== undefined) return problem;
    }
    this.#setFlag(OUTER_FLAG.doNotFragment, tunnel.doNotFragment);
    this.#setFlag(OUTER_FLAG.checksum, tunnel.hasChecksum);
    const { key } = this;
    if (key[TUNNEL_KEY.ethType] === 0) return 'the outer IP version is not matched';
    if (this.#view.getUint16(TUNNEL_KEY.udpDst) === 0) return 'its UDP port is not matched';
    return undefined;
  }

  /**
   * Changes the key to what is known of packets that a tunnel device of the kernel has taken out: options
   * and VNI, but no other parts of the header. All tunnels of a device have the same UDP port.
   */
  leaveToDevice({ options }: TunnelMatch): void {
    const { key } = this;
    this.#view.setUint16(TUNNEL_KEY.udpDst, 0);
    key.fill(0, TUNNEL_KEY.head, TUNNEL_KEY.head + 4);
    key[TUNNEL_KEY.head] = options.length / 4;
  }

  /** Returns why the outer field cannot be matched. */
  #add(match: FieldMatch): string | undefined {
    const { field, value, mask } = match;
    if (field === 'ip_tos' || field === 'ip_ttl') {
      const at = field === 'ip_tos' ? 0 : 1;
      this.outer[at] = value[0];
      this.outerMask[at] = mask[0];
      return undefined;
    }
    const isWhole = isExact(match);
    const address = ADDRESSES.get(field);
    if (address !== undefined && isWhole) {
      const [at, shape] = address;
      this.key.set(value, at);
      this.key[TUNNEL_KEY.shape] |= shape;
      return undefined;
    }
    const number = value.reduce((sum, byte) => sum * 256 + byte, 0);
    if (isWhole && ALWAYS.get(field) === number) return undefined;
    if (isWhole && field === 'udp_dst') this.key.set(value, TUNNEL_KEY.udpDst);
    else if (isWhole && field === 'eth_type' && (number === ETH_IPV4 || number === ETH_IPV6)) {
      this.key.set(value, TUNNEL_KEY.ethType);
    } else return `the outer ${field} cannot be matched${isWhole ? '' : ' in part'}`;
    return undefined;
  }

  #setFlag(bit: number, is: boolean | undefined): void {
    if (is === undefined) return;
    this.outerMask[2] |= bit;
    if (is) this.outer[2] |= bit;
  }
}
