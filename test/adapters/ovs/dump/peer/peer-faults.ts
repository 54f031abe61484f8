/*
 * What OVS's own Python parser (ovs.flow.odp of Open vSwitch 3.1) gets wrong. Each has its reason;
 * anything else that it fails with, or reads in another way than we do, is a failure of the test.
 */

/** Lines that the parser cannot read, and the end of what it says then. */
const UNREADABLE: readonly {
  readonly because: string;
  readonly line: RegExp;
  readonly error: RegExp;
}[] = [
  {
    because: 'it has no decoder for meter(N)',
    line: /meter\(\d+\)/,
    error: /Cannot parse key meter: No decoder found$/,
  },
  {
    because: 'it takes sample(...) and check_pkt_len(...) at the top alone, not in another action',
    line: /\(.*(?:sample|check_pkt_len)\(/,
    error: /Cannot parse key (?:sample|check_pkt_len): No decoder found$/,
  },
  {
    because: 'it takes a number in tnl_pop(PORT), where --names prints a name',
    line: /tnl_pop\([^)]*[^\d)]/,
    error: /invalid literal for int\(\) with base 0: '[^']+'$/,
  },
  {
    because: 'it takes a number in set(ATTRIBUTE()), which writes no bit',
    line: /set\(\w+\(\)\)/,
    error: /invalid literal for int\(\) with base 0: ''$/,
  },
];

/** Masks of addresses: what stands behind a slash and has dots or colons, but is no MAC address. */
const ADDRESS_MASK = /\/(?!(?:[\da-f]{2}:){5}[\da-f]{2}[,)])([\da-f]*[.:][\da-f.:]*)/g;

/** Open vSwitch ends lines with this where the parser expects another action. */
const EXTRA_INFO = /, dp-extra-info:\S+$/;

/** The line without what the parser can never read. */
export function readableByPeer(line: string): string {
  return line.replace(EXTRA_INFO, '');
}

/** Why the parser cannot read a line; undefined when no reason is known. */
export function knownFailure(line: string, error: string): string | undefined {
  return UNREADABLE.find((f) => f.line.test(line) && f.error.test(error))?.because;
}

/**
 * True of a line that the parser reads wrongly, without an error: one with a mask of the last bits
 * of an address, such as 0.0.0.255, which netaddr.IPNetwork takes for a network with that many
 * hosts, 255.255.255.0.
 */
export function isMisread(line: string): boolean {
  return [...line.matchAll(ADDRESS_MASK)].some(([, text]) => isHostMask(text));
}

function isHostMask(text: string): boolean {
  const [mask, all] = text.includes(':')
    ? [ipv6Bits(text), 2n ** 128n - 1n]
    : [ipv4Bits(text), 2n ** 32n - 1n];
  return mask !== 0n && mask !== all && (mask & (mask + 1n)) === 0n;
}

function ipv4Bits(text: string): bigint {
  return text.split('.').reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function ipv6Bits(text: string): bigint {
  const quad = /[\d.]*\.[\d.]*$/.exec(text)?.[0];
  const tail = quad === undefined ? [] : [ipv4Bits(quad) >> 16n, ipv4Bits(quad) & 0xffffn];
  const groups = (part: string): bigint[] =>
    part
      .split(':')
      .filter(Boolean)
      .map((g) => BigInt(`0x${g}`));
  const [front, back = ''] = text.slice(0, text.length - (quad?.length ?? 0)).split('::');
  const before = groups(front);
  const after = [...groups(back), ...tail];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0n);
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65_536n + group, 0n);
}
