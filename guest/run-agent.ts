import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineSplitter } from '../protocols/guest-channel/codec/lines.ts';
import { MAX_LINE_BYTES } from '../protocols/guest-channel/codec/limits.ts';
import { errorMessage } from '../text/error-message.ts';
import { Agent } from './agent/agent.ts';
import { Lease } from './agent/lease.ts';
import type { HostConnection } from './channel/connection.ts';
import { bootTimeMs } from './machine/clock.ts';
import { SysfsDevices } from './machine/devices.ts';
import { Guardian } from './guardian/guardian.ts';
import { TcProgram } from './tc/tc-program.ts';
import { TcRules } from './tc/tc-rules.ts';

/** Longest run of tc, ms. */
const TC_TIMEOUT_MS = 10_000;
/** Between two looks at the lease and the links, ms. */
const CHECK_MS = 200;
/** Before the channel is opened again, ms. */
const REOPEN_MS = 1_000;
/** How long an agent that ends waits for the host to move the traffic back, ms. */
const FAREWELL_MS = 5_000;

export interface RunOptions {
  readonly version: string;
  /** Opens the channel; called again after it has ended. Undefined: it does not come back. */
  readonly connect: () => HostConnection | undefined;
  readonly log: (line: string) => void;
}

/** A running agent with its guardian, its clock and its channel. */
export class RunningAgent {
  readonly #options: RunOptions;
  readonly #rules = new TcRules(new TcProgram(TC_TIMEOUT_MS), new SysfsDevices());
  readonly #guardian: Guardian;
  readonly #agent: Agent;
  #connection: HostConnection | undefined;
  #isEnding = false;
  #isClosed = false;
  #lastProblem = '';

  constructor(options: RunOptions) {
    this.#options = options;
    const { version, log } = options;
    const devices = new SysfsDevices();
    this.#guardian = new Guardian({
      log,
      onUnguarded: () => void this.#try(() => this.#agent.endLease()),
    });
    this.#agent = new Agent({
      version,
      epoch: randomBytes(8).toString('hex'),
      table: this.#rules,
      lease: new Lease(),
      clockMs: bootTimeMs,
      devices: () => devices.list(),
      send: (text) => this.#connection?.send(text),
      guard: this.#guardian,
      log,
    });
  }

  /**
   * Runs until {@link stop}, or until the channel has ended for good.
   *
   * @throws {TcUnusable} when the rules of an earlier agent cannot be read
   */
  async run(): Promise<void> {
    await this.#agent.adopt();
    void this.#checkUntilEnd();
    while (!this.#isEnding) {
      const connection = this.#connect();
      if (connection === undefined) break;
      if (connection !== 'unavailable') await this.#serve(connection);
      if (!this.#isEnding) await sleep(REOPEN_MS);
    }
    await this.stop();
  }

  /**
   * Asks the host to move the traffic back, for a bounded time, and removes the transmit rules. Receive
   * rules that the host has not withdrawn stay: the NIC may still deliver to the VF.
   */
  async stop(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await this.#try(() => this.#agent.leaving());
    const endMs = performance.now() + FAREWELL_MS;
    const { receive, transmit } = this.#rules;
    while (receive.size + transmit.size > 0 && performance.now() < endMs) await sleep(CHECK_MS / 4);
    await this.#try(() => this.#agent.endLease());
    if (receive.size > 0) {
      this.#options.log(
        `${receive.size} receive rules stay, since the host has not withdrawn them`,
      );
    }
    this.#isClosed = true;
    this.#guardian.close();
    this.#connection?.close();
  }

  async #serve(connection: HostConnection): Promise<void> {
    this.#connection = connection;
    try {
      let splitter = new LineSplitter(MAX_LINE_BYTES);
      await this.#agent.announce();
      const take = async (chunk: Uint8Array): Promise<void> => {
        try {
          for (const line of splitter.push(chunk)) {
            await this.#agent.line(line);
            await connection.sent();
          }
        } catch (error) {
          this.#report(error);
          splitter = new LineSplitter(MAX_LINE_BYTES);
        }
      };
      // Nobody renews the lease any more, and the NIC stops soon.
      await connection.read(take, () => this.#try(() => this.#agent.endLease()));
    } catch (error) {
      this.#report(error);
    } finally {
      connection.close();
    }
  }

  #connect(): HostConnection | 'unavailable' | undefined {
    try {
      return this.#options.connect();
    } catch (error) {
      this.#report(error);
      return 'unavailable';
    }
  }

  async #checkUntilEnd(): Promise<void> {
    while (!this.#isClosed) {
      await this.#try(() => this.#agent.check());
      await sleep(CHECK_MS);
    }
  }

  async #try(task: () => Promise<void>): Promise<void> {
    try {
      await task();
      this.#lastProblem = '';
    } catch (error) {
      this.#report(error);
    }
  }

  /** Logs a problem once, until another one or a success. */
  #report(error: unknown): void {
    const problem = errorMessage(error);
    if (problem !== this.#lastProblem) this.#options.log(problem);
    this.#lastProblem = problem;
  }
}
