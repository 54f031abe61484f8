import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordingLog } from '../../../support/quiet-log.ts';
import { startWatchdog } from '../../../../platform/watchdog/watchdog.ts';

/*
 * A process with a watchdog that blocks its event loop: `blocked-main.ts HOW LIMIT_MS FOLDER`. Prints
 * `ready` before.
 */
const [how, limitMs, folder] = process.argv.slice(2);
const { mark } = startWatchdog({
  log: recordingLog().log,
  pretty: how === 'pretty',
  limitMs: Number(limitMs),
});

function spinForEver(): void {
  for (let i = 0; ; i++) Math.sqrt(i);
}

function backtrack(): void {
  /^(a+)+$/.test(`${'a'.repeat(60)}b`);
}

/** Opening a FIFO for reading waits for a writer. */
function openFifo(): void {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  readFileSync(fifo);
}

/** Blocks repeatedly for most of the limit, and exits after four times the limit. */
function blockOften(): void {
  const endMs = performance.now() + 4 * Number(limitMs);
  const once = (): void => {
    const untilMs = performance.now() + Number(limitMs) / 2;
    while (performance.now() < untilMs);
    if (performance.now() > endMs) process.exit(0);
    setTimeout(once, Number(limitMs) / 5);
  };
  once();
}

setTimeout(() => {
  process.stdout.write('ready\n');
  mark('planning');
  if (how === 'loop' || how === 'pretty') spinForEver();
  if (how === 'regexp') backtrack();
  if (how === 'fifo') openFifo();
  if (how === 'often') blockOften();
  // Otherwise idle: the test stops the process.
}, 500);
setInterval(() => undefined, 1_000);
