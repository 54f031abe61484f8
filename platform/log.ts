import { pino, type Logger } from 'pino';
import { boundedSink } from './bounded-sink.ts';
import type { LineSink } from './line-sink.ts';
import { prettyLine } from './pretty-line.ts';
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

/** The log as configured, written to `sink`, which ends in `terminal`. */
export function createLog(settings: LogSettings, terminal: Terminal, sink: LineSink): Log {
  const { colours } = terminal;
  const destination = isPretty(settings, terminal)
    ? { write: (line: string) => sink.write(prettyLine(line, colours)) }
    : sink;
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

/** Whether lines are formatted for people; otherwise they are JSON. */
export function isPretty({ format }: LogSettings, { interactive }: Terminal): boolean {
  return format === 'pretty' || (format === 'auto' && interactive);
}
