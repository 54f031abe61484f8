import { pino } from 'pino';
import type { Log } from '../../platform/log.ts';

/** A log that keeps its lines as objects. */
export function recordingLog(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'trace', base: {}, formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  );
  return { log, lines };
}
