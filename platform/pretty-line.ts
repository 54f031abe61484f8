import type { Colours } from './terminal.ts';

/**
 * Formats one line of pino's JSON: `12:34:56.789 warn  what happened  key=value`. Returns any other
 * line unchanged.
 */
export function prettyLine(json: string, colours: Colours): string {
  const record = parsed(json);
  if (record === undefined) return json;
  const { time, level, msg, err, ...rest } = record;
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const word = String(level).padEnd(5);
  const fields = Object.entries(rest).map(([key, value]) => colours.dim(`${key}=${text(value)}`));
  const head = [
    colours.dim(clock),
    painted(word, String(level), colours),
    typeof msg === 'string' ? msg : '',
  ];
  return `${[...head, ...fields].join(' ')}${errorText(err)}\n`;
}

function parsed(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function painted(word: string, level: string, colours: Colours): string {
  if (level === 'error' || level === 'fatal') return colours.red(word);
  if (level === 'warn') return colours.yellow(word);
  return level === 'info' ? colours.green(word) : colours.dim(word);
}

function text(value: unknown): string {
  return typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value);
}

function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const stack = 'stack' in err ? err.stack : undefined;
  const details = typeof stack === 'string' ? stack : JSON.stringify(err);
  return `\n  ${details.replaceAll('\n', '\n  ')}`;
}
