import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '../../../async/monotonic.ts';
import type { Pins } from './pins.ts';

/** What removes the rules from hardware when the lease lapses, whatever has become of this process. */
export interface Watchdog {
  /** Starts it, or starts it again when it has ended or hangs. Does not wait. */
  ensure(): void;
  /** True while it is known to watch the lease. */
  isAlive(): boolean;
  /** Its process; 0: it has not begun to read the lease. */
  readonly pid: number;
  /** Time since it last read the lease, ms; Infinity before the first time. */
  readAgeMs(): number;
  /** Ends it: there are no rules any more. */
  stop(): void;
}

/** Opens the watchdog of rules with these pins. */
export type OpenWatchdog = (pinPath: string, pins: Pins) => Watchdog;

/** The watchdog looks at the lease 20 times a second; a busy machine may delay it, ms. */
const ALIVE_WITHIN_MS = 1_000;
/** A process that has not looked for so long is replaced, ms. */
const HUNG_MS = 10_000;
/** Least time between two starts, ms. */
const RESTART_MS = 1_000;

/** The watchdog as a process of its own, which outlives this one. */
export class WatchdogProcess implements Watchdog {
  readonly #pinPath: string;
  readonly #pins: Pins;
  #child: ChildProcess | undefined;
  #startedMs = Number.NEGATIVE_INFINITY;

  constructor(pinPath: string, pins: Pins) {
    this.#pinPath = pinPath;
    this.#pins = pins;
  }

  ensure(): void {
    const nowMs = monotonicMs();
    const child = this.#child;
    const isRunning = child !== undefined && child.exitCode === null && child.signalCode === null;
    if (isRunning) {
      const lookedMs = Math.max(
        this.#startedMs,
        this.#isInCharge() ? this.#pins.watchdogAliveMs : 0,
      );
      if (nowMs - lookedMs < HUNG_MS) return;
      child.kill('SIGKILL');
    }
    if (nowMs - this.#startedMs < RESTART_MS) return;
    this.#startedMs = nowMs;
    // In a session of its own: signals of a terminal to the daemon do not reach it.
    const main = fileURLToPath(new URL('watchdog-main.js', import.meta.url));
    const started = spawn(process.execPath, [main, this.#pinPath], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
    });
    started.on('error', () => undefined);
    started.unref();
    this.#child = started;
  }

  isAlive(): boolean {
    return this.readAgeMs() < ALIVE_WITHIN_MS;
  }

  get pid(): number {
    return this.#isInCharge() ? this.#pins.watchdogPid : 0;
  }

  readAgeMs(): number {
    if (!this.#isInCharge()) return Number.POSITIVE_INFINITY;
    return monotonicMs() - this.#pins.watchdogAliveMs;
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
  }

  #isInCharge(): boolean {
    return this.#child?.pid !== undefined && this.#pins.watchdogPid === this.#child.pid;
  }
}
