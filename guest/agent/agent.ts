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
  /** Resolves when the text is on its way to the host. */
  readonly send: (text: string) => Promise<void>;
  /** Called when the end of the lease has changed; undefined: there is no lease. */
  readonly onLease: (untilMs: number | undefined) => void;
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

  /** The host has said hello, and everything was withdrawn since. */
  get isIdle(): boolean {
    const { receive, transmit } = this.#options.table;
    return receive.size + transmit.size === 0;
  }

  /** Takes over what an earlier agent left, and tells the host that this one has started. */
  start(): Promise<void> {
    return this.#queue.run(async () => {
      await this.#options.table.adopt();
      await this.#hello(null);
    });
  }

  /** Removes the transmit rules if their lease has ended. */
  checkLease(): Promise<void> {
    return this.#queue.run(() => this.#requests.checkLease());
  }

  /** The rules that the lease protects are gone, whoever removed them. */
  transmitRulesGone(): Promise<void> {
    return this.#queue.run(() => this.#requests.endLease());
  }

  /** Takes a line that the host has sent; resolves when it has been answered. */
  line(text: string): Promise<void> {
    return this.#queue.run(async () => {
      await this.#requests.checkLease();
      const message = this.#decoded(text);
      if (message?.type === 'hello') {
        await this.#greet(message.epoch, message.versions);
      } else if (
        message !== undefined &&
        this.#host !== undefined &&
        message.to === this.#options.epoch
      ) {
        await this.#send(await this.#requests.reply(message));
      }
    });
  }

  /** Tells the host that the agent wants to end. */
  leaving(): Promise<void> {
    return this.#queue.run(() => this.#send({ type: 'leaving' }));
  }

  /** Removes the transmit rules, so that all traffic leaves through the vSwitch. */
  withdrawTransmit(): Promise<void> {
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
    await this.#send({
      type: 'hello',
      versions: VERSIONS,
      epoch,
      to,
      agent: version,
      clockMs: clockMs(),
      devices: found,
    });
  }

  #send(message: GuestMessage): Promise<void> {
    return this.#options.send(encodeLine(message));
  }
}
