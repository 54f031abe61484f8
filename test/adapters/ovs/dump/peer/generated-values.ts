import type { Seeded } from '../../../../support/seeded.ts';

/*
 * Values and masks as `dpctl/add-flow` takes them: exact for the most part, or with a prefix, with
 * any bits, or with none.
 */

/** `value` or `value/mask` of a number of so many bits. */
export function maskedNumber(random: Seeded, bits: number, exact = 0.6): string {
  const all = 2 ** bits - 1;
  const value = random.chance(0.2) ? random.pick([0, 1, all]) : random.between(0, all);
  const written = random.chance(0.5) ? String(value) : `0x${value.toString(16)}`;
  if (random.chance(exact)) return written;
  const masks = [all, 0, random.between(0, all), all - (2 ** random.below(bits) - 1)];
  return `${written}/0x${random.pick(masks).toString(16)}`;
}

/** As {@link maskedNumber}, of up to 128 bits; always hexadecimal. */
export function maskedWide(random: Seeded, bits: number): string {
  const hex = (): string => `0x${BigInt(`0x${toHex(random.bytes(bits / 8))}`).toString(16)}`;
  return random.chance(0.5) ? hex() : `${hex()}/${hex()}`;
}

export function mac(random: Seeded): string {
  return random.chance(0.1) ? 'ff:ff:ff:ff:ff:ff' : macText(random.bytes(6));
}

export function maskedMac(random: Seeded): string {
  if (random.chance(0.6)) return mac(random);
  const masks = [random.bytes(6), prefix(6, random.below(49)), Uint8Array.of(1, 0, 0, 0, 0, 0)];
  return `${mac(random)}/${macText(random.pick(masks))}`;
}

export function ipv4(random: Seeded): string {
  return Array.from(random.bytes(4), String).join('.');
}

export function maskedIpv4(random: Seeded): string {
  if (random.chance(0.4)) return ipv4(random);
  return `${ipv4(random)}/${Array.from(addressMask(random, 4), String).join('.')}`;
}

export function ipv6(random: Seeded): string {
  const zeros = 'fd00::1 ::1 fe80::f0:0:1 2001:db8:0:1:: ::1.2.3.4 ::ffff:10.0.0.1'.split(' ');
  return random.chance(0.3) ? random.pick(zeros) : ipv6Text(random.bytes(16));
}

export function maskedIpv6(random: Seeded): string {
  if (random.chance(0.4)) return ipv6(random);
  return `${ipv6(random)}/${ipv6Text(addressMask(random, 16))}`;
}

function addressMask(random: Seeded, length: number): Uint8Array {
  const bits = random.below(8 * length);
  if (random.chance(0.75)) return prefix(length, bits);
  // The bits of the host alone, or any.
  return random.chance(0.2) ? prefix(length, bits).map((byte) => ~byte) : random.bytes(length);
}

/** `length` bytes of which the first `bits` bits are set. */
function prefix(length: number, bits: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 0xff00 >> Math.min(8, Math.max(0, bits - 8 * i)));
}

function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** All eight groups: Open vSwitch shortens them itself. */
function ipv6Text(bytes: Uint8Array): string {
  const group = (i: number): string => ((bytes[2 * i] << 8) | bytes[2 * i + 1]).toString(16);
  return Array.from({ length: 8 }, (_, i) => group(i)).join(':');
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
