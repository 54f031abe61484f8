import { type FlowId, formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowLookup, FoundFlow } from '../../engine/ports/flow-lookup.ts';
import { UnixctlClient } from '../../protocols/unixctl/client.ts';
import { parseActions } from './dump/actions.ts';
import { LOOK_AHEAD } from './dump/counters.ts';
import { FieldPool } from './dump/field-pool.ts';
import { KeyParser } from './dump/key.ts';
import { FlowUnreadable } from './errors.ts';
import { NO_SUCH_FLOW } from './trace.ts';

/** Flows per call: 3 ms of vswitchd's main loop, in several turns. */
const MAX_FLOWS = 32;

/** What `dpctl/get-flow -m` prints (format_dpif_flow in lib/dpctl.c): the key, then the actions. */
const LINE = /^(ufid:[-0-9a-f]+, )(.*?), packets:.*?, actions:(.*?)(?:, dp-extra-info:.*)?\n?$/s;

/** Options of an {@link OvsFlowLookup}. */
export interface OvsFlowLookupOptions {
  /** Directory of vswitchd's pid file and control socket, normally /var/run/openvswitch. */
  readonly runDir: string;
  /** Time-out of one call, ms. */
  readonly timeoutMs: number;
}

/**
 * Reads single flows with `dpctl/get-flow -m`, over another connection than the dumps. The
 * command takes two arguments at most, so it cannot name a datapath, and fails where there are
 * several.
 *
 * In a datapath with several PMD threads it reads the flow of one of them.
 */
export class OvsFlowLookup implements FlowLookup {
  readonly name = 'ovs get-flow';
  readonly maxFlows = MAX_FLOWS;
  readonly #client: UnixctlClient;
  readonly #keys = new KeyParser(new FieldPool());

  constructor({ runDir, timeoutMs }: OvsFlowLookupOptions) {
    this.#client = new UnixctlClient({ runDir, timeoutMs });
  }

  async read(
    ids: readonly FlowId[],
    signal: AbortSignal,
  ): Promise<readonly (FoundFlow | undefined)[]> {
    const ufids = ids.map((id) => `ufid:${formatFlowId(id)}`);
    const calls = ufids.map((ufid) => ['-m', ufid]);
    const results = await this.#client.texts('dpctl/get-flow', calls, signal);
    return results.map((result, i) => {
      if ('text' in result) return this.#parse(result.text, ufids[i]);
      if (result.error.message.endsWith(NO_SUCH_FLOW)) return undefined;
      throw result.error;
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #parse(text: string, ufid: string): FoundFlow {
    const [, id, key, actionText] = LINE.exec(text) ?? [];
    if (id !== `${ufid}, `) throw new FlowUnreadable(ufid, text);
    const keyBytes = padded(key);
    const match = this.#keys.parse(keyBytes.bytes, keyBytes.view, 0, keyBytes.end);
    const isWhole = this.#keys.keyEnd === keyBytes.end;
    const { bytes, view, end } = padded(actionText);
    const actions = parseActions(bytes, view, 0, end, this.#keys);
    if (match === undefined || !isWhole || actions === undefined)
      throw new FlowUnreadable(ufid, text);
    return { match, actions };
  }
}

/** The text as bytes, followed by as many as the parsers may read beyond its end. */
function padded(text: string): {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly end: number;
} {
  const end = Buffer.byteLength(text);
  const bytes = Buffer.alloc(end + LOOK_AHEAD);
  bytes.write(text);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), end };
}
