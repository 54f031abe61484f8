import type { Protocol } from '../cases/parameters.ts';
import type { Ends } from './ends.ts';
import { doubleTagged, RULE_OF_QINQ } from './qinq.ts';
import { sctpStreams } from './sctp.ts';
import { segmentRouted } from './segment-routing.ts';
import type { Stream } from './stream.ts';
import { tcpStreams } from './tcp.ts';
import { echoes, fragments, multicast, plainUdp, withOptions } from './udp.ts';
import { inGre, inIpip, inVxlan } from './tunnels.ts';
import { RULE_OF_VLAN, tagged } from './vlan.ts';

/** The traffic of a protocol. */
export interface Traffic {
  /** What an OpenFlow rule for it matches. */
  readonly rule: string;
  streams(ends: Ends): readonly Stream[];
}

export const TRAFFIC: Readonly<Record<Protocol, Traffic>> = {
  tcp: { rule: 'tcp', streams: tcpStreams },
  udp: { rule: 'udp', streams: plainUdp },
  sctp: { rule: 'sctp', streams: sctpStreams },
  icmp: { rule: 'icmp', streams: echoes },
  vlan: { rule: RULE_OF_VLAN, streams: tagged },
  vxlan: { rule: 'udp', streams: inVxlan },
  gre: { rule: 'ip,nw_proto=47', streams: inGre },
  ipip: { rule: 'ip,nw_proto=4', streams: inIpip },
  srv6: { rule: 'udp6', streams: segmentRouted },
  fragments: { rule: 'udp', streams: fragments },
  qinq: { rule: RULE_OF_QINQ, streams: doubleTagged },
  'ip-options': { rule: 'udp', streams: withOptions },
  multicast: { rule: 'udp', streams: multicast },
};
