import type { FieldName } from './match.ts';
import type { TunnelHeader } from './tunnel.ts';

/**
 * A resolved action of the vSwitch on a flow's packets: the datapath actions of `lib/odp-util.c`
 * (format_odp_actions), in the order of execution.
 */
export type FlowAction =
  /** Send the packet, as it is now, out of the named port. */
  | { readonly kind: 'output'; readonly port: string }
  /** Overwrite the masked bits of a header field. Bytes as in FieldMatch. */
  | {
      readonly kind: 'set';
      readonly field: FieldName;
      readonly value: Uint8Array;
      readonly mask: Uint8Array;
    }
  /** Push a VLAN tag. `tpid` is 0x8100 or 0x88a8. */
  | {
      readonly kind: 'push-vlan';
      readonly tpid: number;
      readonly vid: number;
      readonly pcp: number;
    }
  /** Pop the outermost VLAN tag. */
  | { readonly kind: 'pop-vlan' }
  /** Put the packet, as it is now, into a tunnel; the output follows. */
  | { readonly kind: 'push-tunnel'; readonly header: TunnelHeader }
  /** Anything else (recirc, ct, userspace, sample, meter, tunnels ...), as OVS printed it. */
  | { readonly kind: 'opaque'; readonly text: string };

/** Actions of one flow; an empty list drops the packet. */
export type FlowActions = readonly FlowAction[];
