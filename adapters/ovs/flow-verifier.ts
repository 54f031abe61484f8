import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowVerifier, Verdict } from '../../engine/ports/flow-verifier.ts';
import { UnixctlClient } from '../../protocols/unixctl/client.ts';
import { UnixctlCommandError } from '../../protocols/unixctl/errors.ts';
import { FieldPool } from './dump/field-pool.ts';
import { KeyParser } from './dump/key.ts';
import { keyOfFlow, NO_SUCH_FLOW, readTrace } from './trace.ts';

/** Options of an {@link OvsFlowVerifier}. */
export interface OvsFlowVerifierOptions {
  /** Directory of vswitchd's pid file and control socket, normally /var/run/openvswitch. */
  readonly runDir: string;
  /** Datapath of the flows, e.g. `netdev@ovs-netdev`; needed when there are several. */
  readonly datapath?: string;
  /** Time-out of one request, ms. */
  readonly timeoutMs: number;
}

/**
 * Asks ovs-vswitchd what its OpenFlow rules do with a packet of a datapath flow now: reads the key
 * of the flow (`dpctl/get-flow`), and traces a packet with these headers (`ofproto/trace`, without
 * a packet, which has no side effects). Wildcarded headers have the values of the flow's first
 * packet, or zeros.
 *
 * Each takes well below 1 ms of vswitchd's main loop. The dumps have a connection of their own, so
 * that neither waits for the other's reply.
 */
export class OvsFlowVerifier implements FlowVerifier {
  readonly name = 'ovs trace';
  readonly #client: UnixctlClient;
  readonly #datapath: string | undefined;
  readonly #keys = new KeyParser(new FieldPool());

  constructor({ runDir, datapath, timeoutMs }: OvsFlowVerifierOptions) {
    this.#client = new UnixctlClient({ runDir, timeoutMs });
    this.#datapath = datapath;
  }

  async currentActions(id: FlowId, signal: AbortSignal): Promise<Verdict> {
    const startedMs = performance.now();
    const current = await this.#ask(id, signal);
    return { current, sourceMs: performance.now() - startedMs };
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #ask(id: FlowId, signal: AbortSignal): Promise<Verdict['current']> {
    try {
      const key = keyOfFlow(await this.#client.text('dpctl/get-flow', this.#flow(id), signal));
      if (key === undefined) return { kind: 'unknown', why: 'the datapath printed no key' };
      const trace = await this.#client.text('ofproto/trace', this.#packet(key), signal);
      return readTrace(trace, this.#keys);
    } catch (error) {
      if (!(error instanceof UnixctlCommandError)) throw error;
      if (error.message.endsWith(NO_SUCH_FLOW)) return { kind: 'gone' };
      // For example: the state of an earlier pass is gone (recirc_id), or an old release.
      return { kind: 'unknown', why: error.message };
    }
  }

  /** The command takes two arguments at most: `-m`, for all headers, only with a single datapath. */
  #flow(id: FlowId): readonly string[] {
    const ufid = `ufid:${formatFlowId(id)}`;
    return this.#datapath === undefined ? ['-m', ufid] : [this.#datapath, ufid];
  }

  /** The trace names a datapath by its type. */
  #packet(key: string): readonly string[] {
    const type = this.#datapath === undefined ? [] : [this.#datapath.split('@')[0]];
    return [...type, key, '--names'];
  }
}
