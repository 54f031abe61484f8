import { fstatSync } from 'node:fs';

/** Priorities of syslog(3) for the levels of the log. */
const PRIORITIES: Readonly<Record<string, number>> = {
  fatal: 2,
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
  trace: 7,
};

/**
 * Whether a descriptor is the journal, to which systemd connects the output of a service. It sets
 * JOURNAL_STREAM to the device and inode of that socket; a redirected output is another file.
 */
export function isJournal(
  descriptor: 1 | 2,
  { JOURNAL_STREAM: stream }: NodeJS.ProcessEnv,
): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Lines with the prefix that tells the journal their priority: `<3>` for an error. */
export function withPriority(level: string, text: string): string {
  const prefix = `<${PRIORITIES[level] ?? PRIORITIES.info}>`;
  return text.replaceAll(/^(?=.)/gm, prefix);
}
