import { pino, type Logger } from 'pino';
import { boundedSink } from './bounded-sink.ts';
import type { LineSink } from './line-sink.ts';
import { prettyLine } from './pretty-line.ts';
import { withPriority } from './journal.ts';
import type { Terminal } from './terminal.ts';

/** The daemon's log: `log.info({ flows: 3 }, 'what happened')`. */
export type Log = Logger;

/** Bytes that are buffered for a slow reader before lines are dropped. */
const MAX_BACKLOG = 1024 * 1024;

export interface LogSettings {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** `auto`: pretty on a terminal, JSON otherwise. */
  readonly format: 'auto' | 'json' | 'pretty';
}

/**
 * The log as configured, written to `sink`, which ends in `terminal`.
 *
 * @param journal true: lines begin with their priority, as the journal of systemd expects
 */
export function createLog(
  settings: LogSettings,
  terminal: Terminal,
  sink: LineSink,
  journal = false,
): Log {
  const { colours } = terminal;
  const pretty = isPretty(settings, terminal);
  const destination = {
    write: (line: string): void => {
      const text = pretty ? prettyLine(line, colours) : line;
      sink.write(journal ? withPriority(levelOf(line), text) : text);
    },
  };
  return pino(
    {
      level: settings.level,
      base: {},
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    boundedSink(destination, () => terminal.backlog(), MAX_BACKLOG),
  );
}

/** Level of a line of pino's JSON, which begins with it. */
function levelOf(line: string): string {
  return /^\{"level":"(\w+)"/.exec(line)?.[1] ?? 'info';
}

/** Whether lines are formatted for people; otherwise they are JSON. */
export function isPretty({ format }: LogSettings, { interactive }: Terminal): boolean {
  return format === 'pretty' || (format === 'auto' && interactive);
}
