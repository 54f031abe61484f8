import type { HeartbeatLimit } from '../../engine/model/port.ts';
import type { Replica, Row } from '../../protocols/ovsdb/replica.ts';
import { mapOf, textOf, uuidsOf } from '../../protocols/ovsdb/values.ts';

/** The columns that {@link BridgeTraits} reads besides those of ports. */
export const TRAIT_COLUMNS = {
  Open_vSwitch: ['other_config'],
  Bridge: ['netflow', 'sflow', 'ipfix'],
  Interface: ['options'],
  Flow_Sample_Collector_Set: ['bridge', 'ipfix'],
} as const;

const EXPORTS = [
  ['netflow', 'NetFlow'],
  ['sflow', 'sFlow'],
  ['ipfix', 'IPFIX'],
] as const;

/** `other_config:max-idle` where it is not set (ovs-vswitchd.conf.db(5)), ms. */
const DEFAULT_MAX_IDLE_MS = 10_000;

/** Which limit a bridge's rules set; undefined: none. */
export type LimitOf = (bridge: string) => HeartbeatLimit | undefined;

/** What bridges require of a path that bypasses them. */
export interface Traits {
  readonly exports?: string;
  readonly heartbeatLimit?: HeartbeatLimit;
  readonly vswitchOffloads?: true;
}

/**
 * What the bridges that a packet can pass require. A packet that enters at a bridge can pass all
 * that patch ports connect with it, within one datapath flow.
 */
export class BridgeTraits {
  readonly #exports = new Map<string, string[]>();
  readonly #peers = new Map<string, Set<string>>();
  readonly #idle: HeartbeatLimit | undefined;
  readonly #vswitchOffloads: boolean;
  readonly #limitOf: LimitOf;

  constructor(replica: Replica, limitOf: LimitOf, ignoreExports: boolean) {
    this.#limitOf = limitOf;
    this.#idle = idleLimit(replica);
    this.#vswitchOffloads = isOffloading(replica);
    if (!ignoreExports) this.#findExports(replica);
    this.#connect(replica);
  }

  /** The traits of packets that enter at a bridge. */
  of(bridge: string): Traits {
    const exports: string[] = [];
    let tightest = this.#idle;
    for (const name of this.#reachable(bridge)) {
      for (const what of this.#exports.get(name) ?? []) exports.push(`${what} of bridge ${name}`);
      const limit = this.#limitOf(name);
      if (limit !== undefined && limit.ms < (tightest?.ms ?? Infinity)) tightest = limit;
    }
    return {
      ...(exports.length === 0 ? {} : { exports: exports.join(', ') }),
      ...(tightest === undefined ? {} : { heartbeatLimit: tightest }),
      ...(this.#vswitchOffloads ? { vswitchOffloads: true } : {}),
    };
  }

  #findExports(replica: Replica): void {
    for (const [uuid, bridge] of replica.table('Bridge')) {
      const found = EXPORTS.flatMap(([column, what]) =>
        uuidsOf(bridge[column]).length > 0 ? [what as string] : [],
      );
      if (isSampled(replica, uuid)) found.push('flow samples to IPFIX');
      this.#exports.set(textOf(bridge['name']) ?? '', found);
    }
  }

  #connect(replica: Replica): void {
    const interfaces = replica.table('Interface');
    const bridgeOf = new Map<string, string>();
    const peerOf = new Map<string, string>();
    for (const bridge of replica.table('Bridge').values()) {
      const name = textOf(bridge['name']) ?? '';
      for (const row of interfacesOf(replica, bridge, interfaces)) {
        if (textOf(row['type']) !== 'patch') continue;
        const patch = textOf(row['name']) ?? '';
        bridgeOf.set(patch, name);
        peerOf.set(patch, mapOf(row['options']).get('peer') ?? '');
      }
    }
    for (const [patch, peer] of peerOf) {
      const [from, to] = [bridgeOf.get(patch), bridgeOf.get(peer)];
      if (from === undefined || to === undefined) continue;
      const known = this.#peers.get(from) ?? new Set();
      this.#peers.set(from, known.add(to));
    }
  }

  #reachable(bridge: string): ReadonlySet<string> {
    const found = new Set([bridge]);
    // A set that grows while it is iterated.
    for (const name of found) {
      for (const peer of this.#peers.get(name) ?? []) found.add(peer);
    }
    return found;
  }
}

function* interfacesOf(
  replica: Replica,
  bridge: Row,
  interfaces: ReadonlyMap<string, Row>,
): Generator<Row> {
  const ports = replica.table('Port');
  for (const portId of uuidsOf(bridge['ports'])) {
    for (const uuid of uuidsOf(ports.get(portId)?.['interfaces'])) {
      const row = interfaces.get(uuid);
      if (row !== undefined) yield row;
    }
  }
}

/** Whether rules of the bridge can send samples of flows to collectors (the `sample` action). */
function isSampled(replica: Replica, bridge: string): boolean {
  for (const row of replica.table('Flow_Sample_Collector_Set').values()) {
    if (uuidsOf(row['bridge']).includes(bridge) && uuidsOf(row['ipfix']).length > 0) return true;
  }
  return false;
}

/** The limit of megaflows that idle out sooner than usual. */
function idleLimit(replica: Replica): HeartbeatLimit | undefined {
  for (const row of replica.table('Open_vSwitch').values()) {
    const text = mapOf(row['other_config']).get('max-idle');
    const ms = Number.parseInt(text ?? '', 10);
    if (!(ms > 0) || ms >= DEFAULT_MAX_IDLE_MS) continue;
    const why =
      `Open vSwitch removes megaflows that are idle for ${ms} ms (other_config:max-idle), and ` +
      'heartbeats cannot be sent often enough to keep them';
    return { ms: ms / 2, why };
  }
  return undefined;
}

/** True if Open vSwitch moves flows to hardware itself. It is read when ovs-vswitchd starts. */
function isOffloading(replica: Replica): boolean {
  for (const row of replica.table('Open_vSwitch').values()) {
    if (mapOf(row['other_config']).get('hw-offload') === 'true') return true;
  }
  return false;
}
