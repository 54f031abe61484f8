// Formats of numbers and times, the same for all commands, pages and reports. The live page runs this
// module in a browser.

const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** Created once: that takes far longer than using them. */
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const HUNDREDTHS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/**
 * `value` with three significant digits and a decimal prefix, in two parts, number and unit:
 * 1234567 bit/s -> `1.23`, `Mbit/s`.
 */
export function scaled(value: number, unit: string): readonly [string, string] {
  if (!Number.isFinite(value)) return ['-', ''];
  let scale = 0;
  let rest = Math.abs(value);
  // 999.5 would be rounded to 1000 of the lower prefix.
  while (rest >= 999.5 && scale < DECIMAL.length - 1) {
    rest /= 1000;
    scale++;
  }
  const digits = scale === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  const sign = value < 0 ? '-' : '';
  return [`${sign}${rest.toFixed(digits)}`, `${DECIMAL[scale]}${unit}`];
}

/** bits/s: `1.23 Gbit/s`. */
export function bitRate(bitsPerSecond: number): string {
  return joined(scaled(bitsPerSecond, 'bit/s'));
}

/** packets/s: `81.3 kpkt/s`. */
export function packetRate(packetsPerSecond: number): string {
  return joined(scaled(packetsPerSecond, 'pkt/s'));
}

/** bytes: `1.50 MB`, decimal. */
export function byteCount(bytes: number): string {
  return joined(scaled(bytes, 'B'));
}

/** A count with a prefix: `12.3 k`; below 1000 without. */
export function count(value: number): string {
  return joined(scaled(value, ''));
}

function joined(parts: readonly [string, string]): string {
  return parts.join(' ').trimEnd();
}

/** A count with all its digits: `12,345`. */
export function whole(value: number): string {
  return WHOLE.format(value);
}

/** A count and its noun: `1 rule`, `2,345 rules`. */
export function counted(n: number, thing: string): string {
  return `${whole(n)} ${thing}${n === 1 ? '' : 's'}`;
}

/**
 * A number without a decimal prefix, for values whose unit is not known, such as scores and facts:
 * `12,345`; below 100 with hundredths, `12.35`.
 */
export function plainNumber(value: number): string {
  return Math.abs(value) >= 1e15 || !Number.isFinite(value)
    ? String(value)
    : (Math.abs(value) < 100 ? HUNDREDTHS : WHOLE).format(value);
}

/** packets/s without a prefix, for comparison with others: `1,234 packets/s`. */
export function plainPacketRate(packetsPerSecond: number): string {
  return `${plainNumber(packetsPerSecond)} packets/s`;
}

/** The value of a fact or of a condition; undefined and null: not known. */
export function factValue(value: unknown): string {
  if (value === undefined || value === null) return 'not known';
  return typeof value === 'number' ? plainNumber(value) : JSON.stringify(value);
}

/** A duration in ms: `8 ms`, `1.5 s`, `2 min 5 s`, `3 h 10 min`, `2 d 3 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '-';
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return pair(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(minutes, 60, 'h', 'min');
  return pair(Math.round(minutes / 60), 24, 'd', 'h');
}

function pair(value: number, base: number, large: string, small: string): string {
  const rest = value % base;
  const head = `${Math.floor(value / base)} ${large}`;
  return rest === 0 ? head : `${head} ${rest} ${small}`;
}

/** The local time of day at `atMs`, ms since 1970: `14:03:07`. */
export function timeOfDay(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB');
}

/** A share from 0 to 1: `42.0 %`. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : '-';
}
