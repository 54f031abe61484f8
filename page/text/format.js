/*
 * Numbers as people read them, as `text/format.ts` writes them on the command line; a test
 * holds the two together.
 */

const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P'];

/**
 * `value` with three significant digits and a decimal prefix, in two parts: number and unit.
 *
 * @param {number} value
 * @param {string} unit
 * @returns {readonly [string, string]}
 */
export function scaled(value, unit) {
  if (!Number.isFinite(value)) return ['-', ''];
  let scale = 0;
  let rest = Math.abs(value);
  // 999.5 would be written as 1000 of the lower prefix.
  while (rest >= 999.5 && scale < DECIMAL.length - 1) {
    rest /= 1000;
    scale++;
  }
  const digits = scale === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  return [`${value < 0 ? '-' : ''}${rest.toFixed(digits)}`, `${DECIMAL[scale]}${unit}`];
}

/** @param {readonly [string, string]} parts */
function joined(parts) {
  return parts.join(' ').trimEnd();
}

/**
 * bits/s: `1.23 Gbit/s`.
 *
 * @param {number} bitsPerSecond
 */
export function bitRate(bitsPerSecond) {
  return joined(scaled(bitsPerSecond, 'bit/s'));
}

/**
 * packets/s: `81.3 kpkt/s`.
 *
 * @param {number} packetsPerSecond
 */
export function packetRate(packetsPerSecond) {
  return joined(scaled(packetsPerSecond, 'pkt/s'));
}

/**
 * bytes: `1.50 MB`, decimal.
 *
 * @param {number} bytes
 */
export function byteCount(bytes) {
  return joined(scaled(bytes, 'B'));
}

/**
 * A plain count: `12.3 k`; below 1000 as it is.
 *
 * @param {number} value
 */
export function count(value) {
  return joined(scaled(value, ''));
}

/**
 * A count with all its digits: `12,345`.
 *
 * @param {number} value
 */
export function whole(value) {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/**
 * Things by number: `1 rule`, `2,345 rules`.
 *
 * @param {number} n
 * @param {string} thing
 */
export function counted(n, thing) {
  return `${whole(n)} ${thing}${n === 1 ? '' : 's'}`;
}

/**
 * A length of time given in ms: `8 ms`, `1.5 s`, `2 min 5 s`, `3 h 10 min`, `2 d 3 h`.
 *
 * @param {number} ms
 */
export function duration(ms) {
  if (!Number.isFinite(ms)) return '-';
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return pair(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(minutes, 60, 'h', 'min');
  return pair(Math.round(minutes / 60), 24, 'd', 'h');
}

/**
 * @param {number} value
 * @param {number} base
 * @param {string} large
 * @param {string} small
 */
function pair(value, base, large, small) {
  const rest = value % base;
  const head = `${Math.floor(value / base)} ${large}`;
  return rest === 0 ? head : `${head} ${rest} ${small}`;
}

/**
 * A share from 0 to 1: `42.0 %`.
 *
 * @param {number} share
 */
export function percent(share) {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : '-';
}

/**
 * A value of a rule's condition; scores and facts have the unit their rule gives them, so digits
 * without a prefix mislead least.
 *
 * @param {unknown} value
 */
export function conditionValue(value) {
  if (value === undefined || value === null) return 'not known';
  if (typeof value !== 'number') return JSON.stringify(value);
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });
}

/**
 * The time of day of a moment, `14:03:07`.
 *
 * @param {number} atMs since 1970
 */
export function timeOfDay(atMs) {
  return new Date(atMs).toLocaleTimeString('en-GB');
}
