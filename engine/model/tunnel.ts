/** Encapsulations over UDP: Geneve (RFC 8926) and VXLAN (RFC 7348). */
export type TunnelKind = 'geneve' | 'vxlan';

/** Outer headers to put in front of a packet. */
export interface TunnelHeader {
  readonly kind: TunnelKind;
  /**
   * Outer Ethernet header, 6 bytes each; undefined where the packet is handed to a tunnel device of the
   * kernel, which finds the route itself.
   */
  readonly ethernet: { readonly src: Uint8Array; readonly dst: Uint8Array } | undefined;
  /** Outer addresses, 4 or 16 bytes both. */
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly tos: number;
  readonly ttl: number;
  readonly doNotFragment: boolean;
  /** UDP source port; undefined: the kernel derives it from the packet inside. */
  readonly srcPort: number | undefined;
  readonly dstPort: number;
  /** Whether the outer UDP header has a checksum. */
  readonly hasChecksum: boolean;
  readonly vni: number;
  readonly options: Uint8Array;
}

/** Names a tunnel in a sentence or a line: `geneve vni 0x64`. */
export function tunnelName({ kind, vni }: Pick<TunnelHeader, 'kind' | 'vni'>): string {
  return `${kind} vni 0x${vni.toString(16)}`;
}
