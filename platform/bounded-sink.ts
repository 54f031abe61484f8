import type { LineSink } from './line-sink.ts';

/**
 * A sink that takes no more while `backlog` (bytes that the reader has not read) is above `most`:
 * lines are then lost, and the next one that gets through is led by one that says how many.
 */
export function boundedSink(sink: LineSink, backlog: () => number, most: number): LineSink {
  let lost = 0;
  return {
    write: (line) => {
      if (backlog() > most) {
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
