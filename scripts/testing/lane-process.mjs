import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { compiledFile } from './files.mjs';
import { SuiteBuffer } from './suite-buffer.mjs';

/** Longer than the time-out of any test, ms. */
const SILENCE_MS = 400_000;
/** Time to clean up after a signal before SIGKILL, ms. */
const GRACE_MS = 20_000;

/**
 * @typedef {object} LaneEnd how a lane ended
 * @property {string} name
 * @property {import('./results.mjs').LaneResult | undefined} result undefined: the process ended
 *   before its tests
 * @property {string | undefined} trouble how the process failed; undefined: it did not, apart from
 *   failed tests
 * @property {number} elapsedMs
 */

/** The mocha process of a lane. */
export class LaneProcess {
  #lane;
  #root;
  #child;
  #startedMs = performance.now();
  /** @type {import('./results.mjs').LaneResult | undefined} */
  #result;
  #silenceMs;
  #hung = false;
  /** @type {NodeJS.Timeout | undefined} */
  #silence;
  /** @type {NodeJS.Timeout | undefined} */
  #killer;
  /** @type {Promise<LaneEnd>} resolves when the process has ended and its output was printed */
  ended;

  /**
   * Starts the process.
   *
   * @param {import('./plan.mjs').Lane} lane
   * @param {{ root: string, options: readonly string[], print: (text: string) => void,
   *   live: boolean, silenceMs?: number }} settings `options`: for mocha; `live`: print output at
   *   once; `silenceMs`: time without output after which a lane counts as hung
   */
  constructor(lane, { root, options, print, live, silenceMs = SILENCE_MS }) {
    this.#silenceMs = silenceMs;
    this.#lane = lane;
    this.#root = root;
    this.#child = this.#spawn(options);
    const buffer = new SuiteBuffer(print, live);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        this.#restartSilenceTimer();
        buffer.write(text);
      });
    }
    this.#child.on('message', (/** @type {import('./results.mjs').LaneResult} */ result) => {
      this.#result = result;
    });
    this.#restartSilenceTimer();
    this.ended = new Promise((resolve) => {
      // If the process could not be started, there is an 'error' without 'close'.
      this.#child.once('error', (error) => resolve(this.#end(`cannot be run: ${error.message}`)));
      this.#child.once('close', (code, signal) => {
        buffer.flush();
        resolve(this.#end(this.#troubleOf(code, signal)));
      });
    });
  }

  /**
   * Stops the lane: the signal lets its tests clean up; SIGKILL to its process group follows.
   *
   * @param {'SIGINT' | 'SIGTERM'} signal
   */
  stop(signal) {
    this.#child.kill(signal);
    this.#killer ??= setTimeout(() => this.#killGroup(), GRACE_MS);
  }

  /** @param {readonly string[]} options */
  #spawn(options) {
    const mocha = join(this.#root, 'node_modules', 'mocha', 'bin', 'mocha.js');
    const reporter = join(this.#root, 'scripts', 'testing', 'reporter.mjs');
    // Always explicit: without it mocha paints wherever the environment says CI.
    const colour = process.stdout.isTTY ? '--color' : '--no-color';
    const files = this.#lane.files.map(compiledFile);
    const args = [mocha, '--reporter', reporter, colour, ...options, ...files];
    const { kernel } = this.#lane;
    const boot = join(this.#root, 'dist', 'lab', 'kernel', 'lane', 'on-host.js');
    const inGuest = kernel === undefined ? [] : [boot, kernel];
    return spawn(process.execPath, [...inGuest, ...args], {
      cwd: this.#root,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A separate process group: Ctrl-C reaches the lane only through this process, and not the
      // programs that its tests have started.
      detached: true,
    });
  }

  #restartSilenceTimer() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#hung = true;
      this.stop('SIGTERM');
    }, this.#silenceMs);
  }

  #killGroup() {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // The process group has ended meanwhile.
    }
  }

  /**
   * @param {number | null} code
   * @param {NodeJS.Signals | null} signal
   */
  #troubleOf(code, signal) {
    if (this.#hung) return `was stopped: it wrote nothing for ${this.#silenceMs / 1000} s`;
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    if (this.#result === undefined) return `${how} before its tests`;
    return code === 0 || this.#result.failed > 0 ? undefined : `${how}, although no test failed`;
  }

  /**
   * @param {string | undefined} trouble
   * @returns {LaneEnd}
   */
  #end(trouble) {
    clearTimeout(this.#silence);
    clearTimeout(this.#killer);
    const elapsedMs = performance.now() - this.#startedMs;
    return { name: this.#lane.name, result: this.#result, trouble, elapsedMs };
  }
}
