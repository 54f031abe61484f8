import type { LineSink } from './line-sink.ts';

/**
 * A sink that drops lines while `backlog` (bytes that the reader has not read) is above `maxBacklog`.
 * The next line that is written follows one that reports the number of lost lines.
 */
export function boundedSink(sink: LineSink, backlog: () => number, maxBacklog: number): LineSink {
  let lost = 0;
  return {
    write: (line) => {
      if (backlog() > maxBacklog) {
        lost++;
        return;
      }
      if (lost > 0) {
        const time = new Date().toISOString();
        const msg = 'log lines were lost: the reader of the log is too slow';
        sink.write(`${JSON.stringify({ level: 'warn', time, lost, msg })}\n`);
        lost = 0;
      }
      sink.write(line);
    },
  };
}
