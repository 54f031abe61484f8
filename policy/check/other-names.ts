/** Names of operators in other languages and tools, and ours. */
const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['=', 'equal'],
  ['==', 'equal'],
  ['===', 'equal'],
  ['eq', 'equal'],
  ['is', 'equal'],
  ['!=', 'notEqual'],
  ['!==', 'notEqual'],
  ['<>', 'notEqual'],
  ['ne', 'notEqual'],
  ['neq', 'notEqual'],
  ['isnot', 'notEqual'],
  ['<', 'lessThan'],
  ['lt', 'lessThan'],
  ['below', 'lessThan'],
  ['<=', 'lessThanInclusive'],
  ['le', 'lessThanInclusive'],
  ['lte', 'lessThanInclusive'],
  ['lessthanorequal', 'lessThanInclusive'],
  ['atmost', 'lessThanInclusive'],
  ['>', 'greaterThan'],
  ['gt', 'greaterThan'],
  ['above', 'greaterThan'],
  ['>=', 'greaterThanInclusive'],
  ['ge', 'greaterThanInclusive'],
  ['gte', 'greaterThanInclusive'],
  ['greaterthanorequal', 'greaterThanInclusive'],
  ['atleast', 'greaterThanInclusive'],
  ['nin', 'notIn'],
  ['oneof', 'in'],
  ['includes', 'contains'],
  ['has', 'contains'],
  ['range', 'between'],
  ['subnet', 'cidr'],
  ['insubnet', 'cidr'],
  ['regex', 'matches'],
  ['regexp', 'matches'],
  ['like', 'matches'],
  ['=~', 'matches'],
  ['~', 'matches'],
  ['!~', 'doesNotMatch'],
]);

/** Names of facts in other tools (ovs-ofctl, tcpdump, nftables, NetFlow), and ours. */
const FACT_NAMES: readonly (readonly [theirs: readonly string[], ours: readonly string[]])[] = [
  [['srcip', 'sourceip', 'saddr', 'nwsrc', 'srcaddr', 'sourceaddress'], ['ipSrc']],
  [
    ['dstip', 'destip', 'destinationip', 'daddr', 'nwdst', 'dstaddr', 'destinationaddress'],
    ['ipDst'],
  ],
  [
    ['srcport', 'sport', 'sourceport', 'tpsrc', 'portsrc'],
    ['tcpSrc', 'udpSrc'],
  ],
  [
    ['dstport', 'dport', 'destport', 'destinationport', 'tpdst', 'portdst', 'port'],
    ['tcpDst', 'udpDst'],
  ],
  [['srcmac', 'sourcemac', 'macsrc', 'dlsrc'], ['ethSrc']],
  [['dstmac', 'destmac', 'destinationmac', 'macdst', 'dldst'], ['ethDst']],
  [['vlan', 'vid', 'dlvlan', 'vlantci'], ['vlanId']],
  [
    ['proto', 'nwproto', 'l4proto'],
    ['protocol', 'ipProto'],
  ],
  [['ethertype', 'dltype'], ['ethType']],
  [['pps', 'packetrate'], ['packetsPerSecond']],
  [['bps', 'bitrate', 'rate', 'bandwidth', 'throughput'], ['bitsPerSecond']],
  [['age', 'duration'], ['ageMs']],
  [
    ['idle', 'idletime', 'idleage'],
    ['idleMs', 'quietMs'],
  ],
  [['cpu', 'cpuload', 'load'], ['hostCpu']],
  [['tenant', 'project', 'customer'], ['slice']],
];

const FACTS: ReadonlyMap<string, readonly string[]> = new Map(
  FACT_NAMES.flatMap(([theirs, ours]) => theirs.map((name) => [name, ours] as const)),
);

/** Our operator for one of another language; undefined: it is not known. */
export function operatorFor(name: string): string | undefined {
  return OPERATORS.get(simplified(name));
}

/** Our facts for one of another tool; empty: it is not known. */
export function factsFor(name: string): readonly string[] {
  return FACTS.get(simplified(name)) ?? [];
}

/** Without case and separators: `src_ip`, `srcIp` and `src-ip` are one name. */
function simplified(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.\s]/g, '');
}
