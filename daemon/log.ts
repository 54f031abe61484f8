import { pino, type Logger } from 'pino';
import { boundedSink } from './bounded-sink.ts';
import type { LogConfig } from './config/config.ts';
import { prettyLine } from './pretty-line.ts';
import type { Terminal } from './view/terminal.ts';

/** The daemon's log: `log.info({ flows: 3 }, 'what happened')`. */
export type Log = Logger;

/** Takes whole lines, newline included. */
export interface LineSink {
  write(line: string): void;
}

/** Bytes of log that may wait for a slow reader before lines are lost. */
const MOST_BACKLOG = 1024 * 1024;

/** The log as configured, written to `sink`, which ends in `terminal`. */
export function createLog(settings: LogConfig, terminal: Terminal, sink: LineSink): Log {
  const pretty =
    settings.format === 'pretty' || (settings.format === 'auto' && terminal.interactive);
  const { colours } = terminal;
  const destination = pretty
    ? { write: (line: string) => sink.write(prettyLine(line, colours)) }
    : sink;
  return pino(
    {
      level: settings.level,
      base: {},
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    boundedSink(destination, () => terminal.backlog(), MOST_BACKLOG),
  );
}
