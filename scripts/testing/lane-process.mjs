import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { compiledFile } from './files.mjs';
import { SuiteBuffer } from './suite-buffer.mjs';

/** Longer than any test may take, ms. */
const SILENCE_MS = 400_000;
/** Time to clean up after a signal before SIGKILL, ms. */
const GRACE_MS = 20_000;

/**
 * @typedef {object} LaneEnd how a lane ended
 * @property {string} name
 * @property {import('./results.mjs').LaneResult | undefined} result undefined: it ended before its
 *   tests did
 * @property {string | undefined} trouble how it ended, in words; undefined when its exit code says
 *   no more than its result does
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
  /** @type {Promise<LaneEnd>} resolves when the process has ended and its output is printed */
  ended;

  /**
   * Starts it.
   *
   * @param {import('./plan.mjs').Lane} lane
   * @param {{ root: string, options: readonly string[], print: (text: string) => void,
   *   live: boolean, silenceMs?: number }} settings `options` are mocha's; `live`: print at once
   *   what it writes; `silenceMs`: a lane that writes nothing for so long hangs
   */
  constructor(lane, { root, options, print, live, silenceMs = SILENCE_MS }) {
    this.#silenceMs = silenceMs;
    this.#lane = lane;
    this.#root = root;
    this.#child = this.#spawn(options);
    const buffer = new SuiteBuffer(print, live);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        this.#watch();
        buffer.write(text);
      });
    }
    this.#child.on('message', (/** @type {import('./results.mjs').LaneResult} */ result) => {
      this.#result = result;
    });
    this.#watch();
    this.ended = new Promise((resolve) => {
      // 'error' without 'close' follows when the process could not be started.
      this.#child.once('error', (error) => resolve(this.#end(`cannot be run: ${error.message}`)));
      this.#child.once('close', (code, signal) => {
        buffer.flush();
        resolve(this.#end(this.#troubleOf(code, signal)));
      });
    });
  }

  /**
   * Ends it: the signal lets its tests clean up; SIGKILL follows for all of its processes.
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
    const colour = process.stdout.isTTY ? ['--color'] : [];
    const files = this.#lane.files.map(compiledFile);
    const args = [mocha, '--reporter', reporter, ...colour, ...options, ...files];
    return spawn(process.execPath, args, {
      cwd: this.#root,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A process group of its own: Ctrl-C reaches the lane once, through us, and none of the
      // programs that its tests have started.
      detached: true,
    });
  }

  #watch() {
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
      // It has ended meanwhile.
    }
  }

  /**
   * @param {number | null} code
   * @param {NodeJS.Signals | null} signal
   */
  #troubleOf(code, signal) {
    if (this.#hung) return `was ended: it wrote nothing for ${this.#silenceMs / 1000} s`;
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    if (this.#result === undefined) return `${how} before its tests did`;
    return code === 0 || this.#result.failed > 0 ? undefined : `${how}, though no test failed`;
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
