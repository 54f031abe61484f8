import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of a process in a span of time, seconds. */
export interface ProcessCpu {
  readonly all: number;
  /** Of the thread that used most. */
  readonly busiestThread: number;
}

/** Measures the CPU time of a process's threads, from its construction to `used`. */
export class ThreadCpuMeter {
  readonly #pid: number;
  readonly #start: ReadonlyMap<string, number>;

  constructor(pid: number) {
    this.#pid = pid;
    this.#start = secondsOfThreads(pid);
  }

  /** Since construction; threads that have ended do not count. */
  used(): ProcessCpu {
    let all = 0;
    let busiestThread = 0;
    for (const [thread, seconds] of secondsOfThreads(this.#pid)) {
      const used = seconds - (this.#start.get(thread) ?? 0);
      all += used;
      busiestThread = Math.max(busiestThread, used);
    }
    return { all, busiestThread };
  }
}

/** A process, and those that it and its children have started and that run. */
export function familyOf(pid: number): readonly number[] {
  const children = entriesOf(`/proc/${pid}/task`)
    .flatMap((thread) => textOf(`/proc/${pid}/task/${thread}/children`)?.trim().split(' ') ?? [])
    .filter((text) => text !== '');
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}

/** Process ids of the kernel's threads for softirqs, one for each CPU. */
export function softirqThreads(): readonly number[] {
  return entriesOf('/proc')
    .map(Number)
    .filter((pid) => textOf(`/proc/${pid}/comm`)?.startsWith('ksoftirqd/') === true);
}

/** Nothing of a process that does not exist. */
function secondsOfThreads(pid: number): ReadonlyMap<string, number> {
  const seconds = new Map<string, number>();
  const folder = `/proc/${pid}/task`;
  for (const thread of entriesOf(folder)) {
    const text = textOf(`${folder}/${thread}/schedstat`);
    if (text !== undefined) seconds.set(thread, Number(text.split(' ')[0]) / 1e9);
  }
  return seconds;
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Undefined after the thread has ended. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
