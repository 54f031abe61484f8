import { SerialQueue } from '../../async/serial-queue.ts';
import { encodeLine } from '../../protocols/guest-channel/codec/encode.ts';
import type {
  Epoch,
  GuestDevice,
  GuestMessage,
  HostMessage,
} from '../../protocols/guest-channel/codec/messages.ts';
import { VERSIONS } from '../../protocols/guest-channel/codec/messages.ts';
import { commonVersion } from '../../protocols/guest-channel/codec/parse.ts';
import { decodeHostMessage } from '../../protocols/guest-channel/codec/decode-host.ts';
import { ChannelViolation } from '../../protocols/guest-channel/codec/errors.ts';
import type { Lease } from './lease.ts';
import type { LeaseGuard } from './lease-guard.ts';
import { Requests } from './requests.ts';
import type { RuleTable } from './rule-table.ts';

/** What an agent needs of its surroundings. */
export interface AgentOptions {
  /** Version of the agent. */
  readonly version: string;
  /** This run, 16 random hexadecimal digits. */
  readonly epoch: Epoch;
  readonly table: RuleTable;
  readonly lease: Lease;
  /** CLOCK_BOOTTIME, ms. */
  readonly clockMs: () => number;
  readonly devices: () => Promise<readonly GuestDevice[]>;
  /** Sends a text to the host, or queues it; the caller of {@link Agent.line} waits until it is sent. */
  readonly send: (text: string) => void;
  readonly guard: LeaseGuard;
  readonly log: (line: string) => void;
}

/**
 * The agent: carries out what the host requests, one request at a time, and removes the transmit rules
 * when their lease ends. Before anything else that it does, it looks at the lease: the process or the
 * machine may have been stopped.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #requests: Requests;
  readonly #queue = new SerialQueue();
  #host: Epoch | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#requests = new Requests(options);
  }

  /** Takes over what an earlier agent left. */
  adopt(): Promise<void> {
    return this.#queue.run(() => this.#options.table.adopt());
  }

  /** Tells the host that this agent is there, and has no session. */
  announce(): Promise<void> {
    return this.#queue.run(() => this.#hello(null));
  }

  /** Removes the transmit rules if their lease has ended, or their VF does not work any more. */
  check(): Promise<void> {
    return this.#queue.run(() => this.#requests.check());
  }

  /** Takes a line that the host has sent; resolves when it has been answered. */
  line(text: string): Promise<void> {
    return this.#queue.run(async () => {
      await this.#requests.check();
      const message = this.#decoded(text);
      if (message?.type === 'hello') {
        await this.#greet(message.epoch, message.versions);
      } else if (
        message !== undefined &&
        this.#host !== undefined &&
        message.to === this.#options.epoch
      ) {
        this.#send(await this.#requests.reply(message));
      }
    });
  }

  /** Tells the host that the agent wants to end. */
  leaving(): Promise<void> {
    return this.#queue.run(() => this.#send({ type: 'leaving' }));
  }

  /** Ends the lease, so that all traffic leaves through the vSwitch. */
  endLease(): Promise<void> {
    return this.#queue.run(() => this.#requests.endLease());
  }

  /** A message for this agent; undefined for what an earlier session has left in the channel. */
  #decoded(text: string): HostMessage | undefined {
    try {
      return decodeHostMessage(text);
    } catch (error) {
      if (!(error instanceof ChannelViolation)) throw error;
      if (text !== '') this.#options.log(`ignored a line of the host: ${error.message}`);
      return undefined;
    }
  }

  async #greet(host: Epoch, versions: readonly number[]): Promise<void> {
    if (commonVersion(VERSIONS, versions) === undefined) {
      this.#options.log(
        `the host speaks versions ${versions.join(', ')}, not ${VERSIONS.join(', ')}`,
      );
    }
    this.#host = host;
    await this.#hello(host);
  }

  async #hello(to: Epoch | null): Promise<void> {
    const { epoch, version, clockMs, devices } = this.#options;
    const found = await devices();
    this.#send({
      type: 'hello',
      versions: VERSIONS,
      epoch,
      to,
      agent: version,
      clockMs: clockMs(),
      devices: found,
    });
  }

  #send(message: GuestMessage): void {
    this.#options.send(encodeLine(message));
  }
}
