/** Numbers as people read them. One place, so that every table and page writes them alike. */

const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** `value` with three significant digits and a decimal prefix: 1234567 -> `1.23 M`. */
function scaled(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '-';
  let scale = 0;
  let rest = Math.abs(value);
  // 999.5 would be written as 1000 of the lower prefix.
  while (rest >= 999.5 && scale < DECIMAL.length - 1) {
    rest /= 1000;
    scale++;
  }
  const digits = scale === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  const sign = value < 0 ? '-' : '';
  return `${sign}${rest.toFixed(digits)} ${DECIMAL[scale]}${unit}`.trimEnd();
}

/** bits/s: `1.23 Gbit/s`. */
export function bitRate(bitsPerSecond: number): string {
  return scaled(bitsPerSecond, 'bit/s');
}

/** packets/s: `81.3 kpkt/s`. */
export function packetRate(packetsPerSecond: number): string {
  return scaled(packetsPerSecond, 'pkt/s');
}

/** bytes: `1.50 MB`, decimal. */
export function byteCount(bytes: number): string {
  return scaled(bytes, 'B');
}

/** A plain count: `12.3 k`; below 1000 as it is. */
export function count(value: number): string {
  return scaled(value, '');
}

/** Things by number: `1 rule`, `2 rules`. */
export function counted(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

/** A length of time given in ms: `8 ms`, `1.5 s`, `2 min 5 s`, `3 h 10 min`, `2 d 3 h`. */
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

/** A share from 0 to 1: `42.0 %`. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : '-';
}
