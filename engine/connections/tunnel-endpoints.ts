import type { FlowActions } from '../model/action.ts';
import type { FlowTable } from '../model/flow-table.ts';
import { fieldOf, type FieldName, type FlowMatch, isExact } from '../model/match.ts';
import { SideTable } from '../model/side-table.ts';
import { poppedPort, tunnelKindOf } from '../model/tunnel-port.ts';
import type { TunnelEndpoint } from '../ports/connection-meter.ts';

const UNKNOWN = 0;
const ENDS_NO_TUNNEL = 1;
const ENDS_TUNNEL = 2;

interface Seen {
  readonly endpoint: TunnelEndpoint;
  lastSeenMs: number;
}

/**
 * Where the vSwitch takes packets out of tunnels: what its megaflows with `tnl_pop` match. An endpoint is
 * remembered for a while after its megaflow has gone, since new connections come to it, too.
 */
export class TunnelEndpoints {
  readonly #keepMs: number;
  readonly #side = new SideTable('version');
  readonly #kind = this.#side.uint8();
  readonly #seen = new Map<string, Seen>();

  /** @param keepMs time without a megaflow after which an endpoint is forgotten */
  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /**
   * Takes the megaflows of a reading.
   *
   * @param rows with megaflows that pass their packets on
   * @returns all endpoints, if they are others than at the last call
   */
  follow(
    table: FlowTable,
    rows: readonly number[],
    nowMs: number,
  ): readonly TunnelEndpoint[] | undefined {
    this.#side.follow(table);
    const kind = this.#kind.values;
    let isChanged = false;
    for (const row of rows) {
      if (kind[row] === ENDS_NO_TUNNEL) continue;
      const endpoint = endpointOf(table.matchAt(row), table.actionsAt(row));
      if (kind[row] === UNKNOWN) kind[row] = endpoint === undefined ? ENDS_NO_TUNNEL : ENDS_TUNNEL;
      if (endpoint === undefined) continue;
      const name = nameOf(endpoint);
      isChanged ||= !this.#seen.has(name);
      this.#seen.set(name, { endpoint, lastSeenMs: nowMs });
    }
    for (const [name, { lastSeenMs }] of this.#seen) {
      if (nowMs - lastSeenMs > this.#keepMs) isChanged = this.#seen.delete(name);
    }
    return isChanged ? Array.from(this.#seen.values(), ({ endpoint }) => endpoint) : undefined;
  }
}

/** Where a megaflow takes packets out of a tunnel; undefined: it does not, or not only there. */
function endpointOf(match: FlowMatch, [first]: FlowActions): TunnelEndpoint | undefined {
  const popped = first && poppedPort(first);
  const kind = popped === undefined ? undefined : tunnelKindOf(popped);
  const dst = exact(match, 'ipv4_dst') ?? exact(match, 'ipv6_dst');
  const port = exact(match, 'udp_dst');
  if (kind === undefined || dst === undefined || port === undefined) return undefined;
  return { inPort: match.inPort, kind, dst, dstPort: (port[0] << 8) | port[1] };
}

function exact(match: FlowMatch, field: FieldName): Uint8Array | undefined {
  const found = fieldOf(match, field);
  return found !== undefined && isExact(found) ? found.value : undefined;
}

function nameOf({ inPort, kind, dst, dstPort }: TunnelEndpoint): string {
  return `${inPort} ${kind} ${dst.join('.')} ${dstPort}`;
}
