import type { TunnelKind } from '../../../engine/model/tunnel.ts';
import { MAX_TUNNEL_OPTIONS } from './records.ts';

/** Bytes of the header of VXLAN, and of that of Geneve without its options. */
export const TUNNEL_HEAD_BYTES = 8;

/** First words of the headers of tunnels: VXLAN with a VNI (RFC 7348), Geneve of Ethernet (RFC 8926). */
const VXLAN_HAS_VNI = 0x0800_0000;
const GENEVE_ETHERNET = 0x6558;
const GENEVE_CRITICAL = 0x0040_0000;

/** Types of Geneve options that every receiver must understand. */
const CRITICAL_OPTION = 0x80;

/** What is in the header of a tunnel. */
export interface TunnelHead {
  readonly kind: TunnelKind;
  readonly vni: number;
  readonly options: Uint8Array;
}

/** Why a tunnel cannot have these options, or undefined. */
export function optionsProblem(kind: TunnelKind, { length }: Uint8Array): string | undefined {
  if (length > MAX_TUNNEL_OPTIONS) {
    return `its options have ${length} bytes, and ${MAX_TUNNEL_OPTIONS} are supported`;
  }
  if (length % 4 !== 0 || (kind === 'vxlan' && length > 0)) return 'its options are malformed';
  return undefined;
}

/** Writes the header that is in front of the options, {@link TUNNEL_HEAD_BYTES} bytes. */
export function putTunnelHead(
  view: DataView,
  at: number,
  { kind, vni, options }: TunnelHead,
): void {
  view.setUint32(at, kind === 'vxlan' ? VXLAN_HAS_VNI : geneveStart(options));
  view.setUint32(at + 4, (vni << 8) >>> 0);
}

function geneveStart(options: Uint8Array): number {
  const words = options.length / 4;
  return (
    ((words << 24) | (hasCriticalOption(options) ? GENEVE_CRITICAL : 0) | GENEVE_ETHERNET) >>> 0
  );
}

/** True if a receiver must understand one of the Geneve options. */
export function hasCriticalOption(options: Uint8Array): boolean {
  for (let at = 0; at + 4 <= options.length; at += 4 + (options[at + 3] & 0x1f) * 4) {
    if ((options[at + 2] & CRITICAL_OPTION) !== 0) return true;
  }
  return false;
}
