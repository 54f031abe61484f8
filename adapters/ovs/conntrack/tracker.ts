import { setImmediate } from 'node:timers/promises';
import type { ConnectionTuple } from '../../../engine/model/connection.ts';
import type {
  ConnectionTracker,
  FoundConnection,
  SequenceChecks,
  TrackerCost,
} from '../../../engine/ports/connection-tracker.ts';
import { UnixctlClient } from '../../../protocols/unixctl/client.ts';
import { UnixctlCommandError } from '../../../protocols/unixctl/errors.ts';
import { chooseDatapath } from '../choose-datapath.ts';
import { ConnectionDump } from './connection-dump.ts';
import type { ConnectionRecord } from './connection-record.ts';
import { TooManyConnections } from './errors.ts';
import { Generation } from './generation.ts';

/** Lines to read before yielding to the event loop: about 5 ms. */
const LINES_PER_TURN = 1_024;

/** vswitchd's main loop prints them in 0.8 s. */
const MAX_CONNECTIONS = 250_000;

/** Knows whether the vSwitch has time-outs of its own configured for some zones. */
export interface TimeoutSettings {
  /** True only when all zones have the time-outs by default. */
  areDefault(): boolean;
  close(): Promise<void>;
}

export interface OvsConnectionTrackerOptions {
  /** Directory of vswitchd's pid file and control socket, normally /var/run/openvswitch. */
  readonly runDir: string;
  /** Datapath to read, as `ovs-appctl dpctl/dump-dps` prints it; needed when there are several. */
  readonly datapath?: string | undefined;
  /** Longest time for one dump to arrive, ms. */
  readonly timeoutMs: number;
  /** Closed with the tracker. */
  readonly timeouts: TimeoutSettings;
  /** Most connections to read; default 250,000. */
  readonly maxConnections?: number;
}

/**
 * The connections of the userspace datapath, read with `dpctl/dump-conntrack -m -s` over vswitchd's
 * control socket. vswitchd prints all of them in its main loop, 3 us for each (a flow takes 15), and
 * reading takes 4 us of this process: the period of refreshes has to follow from that cost.
 *
 * TCP connections are established when both of their ends are. Whether others have seen a reply
 * follows from several refreshes (see {@link ReplyWatch}): at the earliest a second after the first,
 * with at most 28 s between them. Connections with a helper (ALG) count as not established: the
 * helper has to see their packets.
 */
export class OvsConnectionTracker implements ConnectionTracker {
  readonly name = 'ovs conntrack';
  readonly #client: UnixctlClient;
  readonly #configured: string | undefined;
  readonly #timeouts: TimeoutSettings;
  readonly #maxConnections: number;
  readonly #dump = new ConnectionDump();
  #chosen: string | undefined;
  #current = new Generation();
  /** What the next dump is read into. */
  #next = new Generation();

  constructor(options: OvsConnectionTrackerOptions) {
    const { runDir, datapath, timeoutMs, timeouts, maxConnections = MAX_CONNECTIONS } = options;
    this.#client = new UnixctlClient({ runDir, timeoutMs });
    this.#configured = datapath;
    this.#timeouts = timeouts;
    this.#maxConnections = maxConnections;
  }

  /**
   * Rejects with the errors of `unixctl/errors.ts` (vswitchd does not answer), `NoDatapath`,
   * `SeveralDatapaths`, {@link TooManyConnections} or `ConntrackUnreadable`.
   */
  refresh(signal: AbortSignal): Promise<TrackerCost> {
    return this.#withDatapath(signal, async (datapath) => {
      const counted = await this.#client.text('dpctl/ct-get-nconns', [datapath], signal);
      const connections = Number.parseInt(counted, 10);
      if (!(connections <= this.#maxConnections)) {
        throw new TooManyConnections(connections, this.#maxConnections);
      }
      const startMs = performance.now();
      return this.#client.bytes(
        'dpctl/dump-conntrack',
        ['-m', '-s', datapath],
        async ({ escaped, waitedMs }) => {
          const time = { startMs, endMs: performance.now() };
          this.#next.begin(time, connections, this.#timeouts.areDefault());
          const summary = await this.#read(escaped, signal);
          return { ...summary, sourceMs: waitedMs, connections: this.#current.store.count };
        },
        signal,
      );
    });
  }

  find(zone: number, tuple: ConnectionTuple): FoundConnection | undefined {
    return this.#current.store.find(zone, tuple);
  }

  /** Rejects with the errors of `unixctl/errors.ts`, `NoDatapath` or `SeveralDatapaths`. */
  sequenceChecks(signal: AbortSignal): Promise<SequenceChecks> {
    return this.#withDatapath(signal, async (datapath) =>
      readSequenceChecks(await this.#client.text('dpctl/ct-get-tcp-seq-chk', [datapath], signal)),
    );
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#timeouts.close();
  }

  async #read(
    escaped: Buffer,
    signal: AbortSignal,
  ): Promise<Pick<TrackerCost, 'skipped' | 'firstSkipped'>> {
    const [before, next] = [this.#current, this.#next];
    const take = (record: ConnectionRecord): void => next.add(record, before);
    this.#dump.begin(escaped);
    while (!this.#dump.read(LINES_PER_TURN, take)) {
      await setImmediate();
      signal.throwIfAborted();
    }
    const summary = this.#dump.finish();
    next.finish(summary.skipped === 0);
    this.#current = next;
    this.#next = before;
    return summary;
  }

  async #withDatapath<T>(signal: AbortSignal, use: (datapath: string) => Promise<T>): Promise<T> {
    const chosen = (this.#chosen ??=
      this.#configured ?? (await chooseDatapath(this.#client, signal)));
    try {
      return await use(chosen);
    } catch (error) {
      // The datapath may be gone, or vswitchd may have restarted with another.
      if (error instanceof UnixctlCommandError) this.#chosen = undefined;
      throw error;
    }
  }
}

/** Reads what `dpctl/ct-get-tcp-seq-chk` prints. */
export function readSequenceChecks(text: string): SequenceChecks {
  if (/^TCP sequence checking: enabled\b/.test(text)) return 'on';
  if (/^TCP sequence checking: disabled\b/.test(text)) return 'off';
  return 'unknown';
}
