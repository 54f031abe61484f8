import { type ChildProcess, spawn } from 'node:child_process';
import { errorMessage } from '../../text/error-message.ts';
import { GUARDIAN_SCRIPT } from './script.ts';

/** The guardian acts this long after the lease has ended, ms: an agent that lives acts first. */
const GRACE_MS = 200;
const RESTART_MS = 1_000;

export interface GuardianOptions {
  /** The guardian has removed the transmit rules, or nobody guards them at the moment. */
  readonly onUnguarded: () => void;
  readonly log: (line: string) => void;
  /** Program that runs the script; left out: `bash`. */
  readonly shell?: string;
}

/**
 * Starts the guardian process, keeps it running, and tells it when the lease ends. It survives the
 * agent: it has a session of its own and ignores the signals of a terminal.
 */
export class Guardian {
  readonly #options: GuardianOptions;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: GuardianOptions) {
    this.#options = options;
    this.#start();
  }

  /** True while a process guards the lease. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * @param untilMs end of the lease, ms of CLOCK_BOOTTIME; undefined: no lease
   * @param devices with transmit rules
   */
  guard(untilMs: number | undefined, devices: Iterable<string>): void {
    const until = untilMs === undefined ? 0 : Math.ceil((untilMs + GRACE_MS) / 10);
    this.#child?.stdin?.write(`${[until, ...devices].join(' ')}\n`);
  }

  /** Ends the guardian; it removes the rules if there is a lease. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    this.#child?.stdin?.end();
  }

  #start(): void {
    const { shell = 'bash', onUnguarded, log } = this.#options;
    const child = spawn(shell, ['-c', GUARDIAN_SCRIPT, 'norikae-guardian'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    this.#child = child;
    child.stdin.on('error', () => {});
    child.stdout.on('data', () => onUnguarded());
    const ended = (why: string): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (this.#isClosed) return;
      log(`the guardian of the lease ended (${why}); starting it again`);
      onUnguarded();
      this.#restart = setTimeout(() => this.#start(), RESTART_MS);
    };
    child.once('error', (error) => ended(errorMessage(error)));
    child.once('exit', (status, signal) => ended(signal ?? `status ${status}`));
  }
}
