/** Addresses of the two guests of a comparison. */

/** One guest. */
export interface End {
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
  /** Of its VLAN device `tag0`. */
  readonly tagged: string;
  /** Of its VXLAN device `vx0`. */
  readonly inner: string;
  readonly innerMac: string;
}

/** Both guests, and a port number that no other run uses. */
export interface Ends {
  readonly sender: End;
  readonly receiver: End;
  readonly port: number;
}

/** Source of packets that the sending guest forwards. */
export const FORWARDED_IPV4 = '10.9.1.1';
export const FORWARDED_IPV6 = 'fd09::f1';
export const MULTICAST_GROUP = '239.9.9.9';
/** The receiver's address behind its own segment of a segment list. */
export const FINAL_SEGMENT = 'fd09:1::2';
export const VLAN = 5;
export const VNI = 42;
export const VXLAN_PORT = 4789;

/** Bytes of an IPv4 address. */
export function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** Bytes of an IPv6 address, which may have `::`. */
export function ipv6Bytes(address: string): Buffer {
  const [left, right = ''] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [head, tail] = [groups(left), groups(right)];
  const middle = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const all = [...head, ...middle, ...tail].map((group) => group.padStart(4, '0'));
  return Buffer.from(all.join(''), 'hex');
}
