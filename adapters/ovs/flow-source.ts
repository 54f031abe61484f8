import { setImmediate } from 'node:timers/promises';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { FlowSource, ReadCost } from '../../engine/ports/flow-source.ts';
import { chooseDatapath } from './choose-datapath.ts';
import { DumpParser } from './dump/parser.ts';
import { UnixctlClient } from '../../protocols/unixctl/client.ts';
import { UnixctlCommandError } from '../../protocols/unixctl/errors.ts';

/**
 * Lines to read before yielding to the event loop: 2 ms for known flows, at most 20 ms for new
 * ones.
 */
const LINES_PER_TURN = 4096;

export interface OvsFlowSourceOptions {
  /** Directory of vswitchd's pid file and control socket, normally /var/run/openvswitch. */
  readonly runDir: string;
  /** Datapath to read, as `ovs-appctl dpctl/dump-dps` prints it; needed when there are several. */
  readonly datapath?: string;
  /** Longest time for one dump to arrive, ms. */
  readonly timeoutMs: number;
}

/**
 * The flows of an Open vSwitch datapath, read with `dpctl/dump-flows -m --names` over vswitchd's
 * control socket.
 *
 * A reading rejects with the errors of `unixctl/errors.ts` (vswitchd does not answer), `errors.ts`
 * (no datapath) or `dump/errors.ts` (the dump is unusable as a whole). Single lines that cannot be
 * read are counted as skipped; {@link DumpParser} describes what happens to their flows.
 */
export class OvsFlowSource implements FlowSource {
  readonly name = 'ovs';
  readonly #client: UnixctlClient;
  readonly #parser = new DumpParser();
  readonly #configured: string | undefined;
  #chosen: string | undefined;

  constructor({ runDir, datapath, timeoutMs }: OvsFlowSourceOptions) {
    this.#client = new UnixctlClient({ runDir, timeoutMs });
    this.#configured = datapath;
  }

  /**
   * `sourceMs` is the time from the request to the first byte of the reply: vswitchd builds the
   * whole dump in its main loop before it writes any of it.
   */
  async read(table: FlowTable, signal: AbortSignal): Promise<ReadCost> {
    const datapath =
      this.#configured ?? (this.#chosen ??= await chooseDatapath(this.#client, signal));
    try {
      return await this.#client.bytes(
        'dpctl/dump-flows',
        ['-m', '--names', datapath],
        async ({ escaped, waitedMs }) => {
          this.#parser.beginDump(table, escaped);
          while (!this.#parser.readLines(LINES_PER_TURN)) {
            await setImmediate();
            signal.throwIfAborted();
          }
          return { ...this.#parser.finishDump(), sourceMs: waitedMs };
        },
        signal,
      );
    } catch (error) {
      // The datapath may be gone, or vswitchd may have restarted with another.
      if (error instanceof UnixctlCommandError) this.#chosen = undefined;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
