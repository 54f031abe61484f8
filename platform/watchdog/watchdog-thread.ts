import { write } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { workerData } from 'node:worker_threads';
import { prettyLine } from '../pretty-line.ts';
import { withPriority } from '../journal.ts';
import { coloursOf } from '../terminal.ts';
import { exitProcess } from './exit-process.ts';
import { mainThreadStack } from './main-thread-stack.ts';
import { SharedState } from './shared-state.ts';
import type { WatchdogData } from './watchdog-data.ts';

/** Bounds of what is done before the process ends, ms. */
const STACK_MS = 1_000;
const WAIT_CHANNEL_MS = 250;
const WRITE_MS = 250;
const STANDARD_OUTPUT = 1;
/** The live table hides the cursor. */
const SHOW_CURSOR = '\u001B[?25h';

const { buffer, periodMs, checks, pretty, journal, exitCode }: WatchdogData = workerData;
const state = new SharedState(buffer);
let last = state.beats;
let missed = 0;

const timer = setInterval(() => {
  const { beats } = state;
  missed = beats === last ? missed + 1 : 0;
  last = beats;
  if (missed < checks) return;
  clearInterval(timer);
  void endProcess();
}, periodMs);

/** Each step is bounded: whatever blocks the main thread may block the next step, too. */
async function endProcess(): Promise<void> {
  try {
    const { phase } = state;
    const stack = await mainThreadStack(STACK_MS);
    const waitChannel = await atMost(WAIT_CHANNEL_MS, mainThreadWaitChannel());
    const blocked = {
      level: 'fatal',
      time: new Date().toISOString(),
      phase,
      blockedMs: checks * periodMs,
      // Without a stack, the thread is in the kernel, which names the function it waits in.
      ...(stack.length > 0 ? { stack } : { kernelFunction: waitChannel ?? 'unknown' }),
      exitCode,
      msg: 'the event loop is blocked; the process ends, and entries expire with their lease',
    };
    const line = JSON.stringify(blocked);
    const restored = isatty(STANDARD_OUTPUT) ? SHOW_CURSOR : '';
    const text = pretty ? `${restored}${prettyLine(line, coloursOf(false))}` : `${line}\n`;
    await atMost(WRITE_MS, written(journal ? withPriority(blocked.level, text) : text));
  } finally {
    await exitProcess(exitCode);
  }
}

/** The main thread's id is that of the process. */
async function mainThreadWaitChannel(): Promise<string> {
  const name = await readFile(`/proc/self/task/${process.pid}/wchan`, 'utf8');
  return name === '0' ? 'none: it runs' : name;
}

/** Writes without the main thread, through which a worker's `process.stdout` passes. */
function written(text: string): Promise<void> {
  return new Promise((resolve) => {
    write(STANDARD_OUTPUT, text, () => resolve());
  });
}

/** The result, or undefined after the time-out. */
function atMost<T>(timeMs: number, result: Promise<T>): Promise<T | undefined> {
  return Promise.race([result.catch(() => undefined), sleep(timeMs, undefined)]);
}
