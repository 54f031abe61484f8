import type { OxmName } from './oxm-fields.ts';
import type { PrerequisiteName } from './prerequisite-name.ts';

/** A condition on another field: it must be present with one of the values (any, when empty). */
export interface Prerequisite {
  /** The field, under its OXM and its NXM name. */
  readonly fields: readonly OxmName[];
  readonly values: readonly number[];
  /** The prerequisite of that field. */
  readonly needs: readonly PrerequisiteName[];
}

const ETH_TYPE = ['eth_type', 'nxm_of_eth_type'] as const;
const IP_PROTO = ['ip_proto', 'nxm_of_ip_proto'] as const;
const ICMPV6_TYPE = ['icmpv6_type', 'nxm_nx_icmpv6_type'] as const;

/** Prerequisites of OpenFlow 1.3.5, table 13; in a match they precede the fields that need them. */
export const PREREQUISITES: Readonly<Record<PrerequisiteName, Prerequisite>> = {
  in_port: { fields: ['in_port'], values: [], needs: [] },
  vlan: { fields: ['vlan_vid', 'nxm_of_vlan_tci'], values: [], needs: [] },
  ip: { fields: ETH_TYPE, values: [0x0800, 0x86dd], needs: [] },
  ipv4: { fields: ETH_TYPE, values: [0x0800], needs: [] },
  ipv6: { fields: ETH_TYPE, values: [0x86dd], needs: [] },
  arp: { fields: ETH_TYPE, values: [0x0806, 0x8035], needs: [] },
  mpls: { fields: ETH_TYPE, values: [0x8847, 0x8848], needs: [] },
  pbb: { fields: ETH_TYPE, values: [0x88e7], needs: [] },
  tcp: { fields: IP_PROTO, values: [6], needs: ['ip'] },
  udp: { fields: IP_PROTO, values: [17], needs: ['ip'] },
  sctp: { fields: IP_PROTO, values: [132], needs: ['ip'] },
  icmpv4: { fields: IP_PROTO, values: [1], needs: ['ipv4'] },
  icmpv6: { fields: IP_PROTO, values: [58], needs: ['ipv6'] },
  nd: { fields: ICMPV6_TYPE, values: [135, 136], needs: ['icmpv6'] },
  nd_solicit: { fields: ICMPV6_TYPE, values: [135], needs: ['icmpv6'] },
  nd_advert: { fields: ICMPV6_TYPE, values: [136], needs: ['icmpv6'] },
};
