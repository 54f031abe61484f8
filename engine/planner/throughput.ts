import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import { SideTable } from '../model/side-table.ts';
import type { LimitUse } from './plan.ts';
import type { ThroughputLimit } from './throughput-limit.ts';

/** Limits of a flow without any. */
const NONE = new Int32Array(0);

/** Newcomers are placed up to this share of a limit; placed flows stay up to the limit itself. */
const NEWCOMER_SHARE = 0.9;

/**
 * Sums the expected traffic of a plan's flows by limit. The limits that apply to a flow follow from
 * its ports and are cached until these change.
 */
export class Throughput {
  #limits: readonly ThroughputLimit[] = [];
  #packets = new Float64Array(0);
  #bits = new Float64Array(0);
  /** Sets of limits, each as indexes into the limits. */
  #sets: Int32Array[] = [];
  /** By limit. */
  #maxPackets = new Float64Array(0);
  #maxBits = new Float64Array(0);
  readonly #setOf = new Map<string, number>();
  readonly #rows = new SideTable('version');
  /** By row: 1 + index into the sets; 0: not looked up yet. */
  readonly #set = this.#rows.uint16();
  #ports: PortSnapshot | undefined;

  /** Starts a plan: sets the sums to 0. */
  startSums(table: FlowTable, ports: PortSnapshot, limits: readonly ThroughputLimit[]): void {
    this.#rows.follow(table);
    if (ports !== this.#ports || !sameScopes(limits, this.#limits)) {
      this.#rows.clear();
      this.#setOf.clear();
      this.#sets = [];
    }
    this.#ports = ports;
    this.#limits = limits;
    if (this.#packets.length !== limits.length) {
      this.#packets = new Float64Array(limits.length);
      this.#bits = new Float64Array(limits.length);
      this.#maxPackets = new Float64Array(limits.length);
      this.#maxBits = new Float64Array(limits.length);
    }
    limits.forEach(({ packetsPerSecond, bitsPerSecond }, i) => {
      this.#maxPackets[i] = packetsPerSecond;
      this.#maxBits[i] = bitsPerSecond;
    });
    this.#packets.fill(0);
    this.#bits.fill(0);
  }

  /** Adds the expected traffic of the row's flow. */
  addFlow(table: FlowTable, row: number): void {
    const { packetsPerSecond, bitsPerSecond } = table.forecast;
    const set = this.#limitsOf(table, row);
    for (let i = 0; i < set.length; i++) {
      this.#packets[set[i]] += packetsPerSecond[row];
      this.#bits[set[i]] += bitsPerSecond[row];
    }
  }

  /** Index of a limit that the sums would exceed with the row's flow, or -1. */
  exceededLimit(table: FlowTable, row: number, newcomer: boolean): number {
    const { packetsPerSecond, bitsPerSecond } = table.forecast;
    const share = newcomer ? NEWCOMER_SHARE : 1;
    const set = this.#limitsOf(table, row);
    for (let i = 0; i < set.length; i++) {
      const limit = set[i];
      if (this.#packets[limit] + packetsPerSecond[row] > share * this.#maxPackets[limit])
        return limit;
      if (this.#bits[limit] + bitsPerSecond[row] > share * this.#maxBits[limit]) return limit;
    }
    return -1;
  }

  /** True if there is a limit beyond which no flow may be placed. */
  get hasHardLimit(): boolean {
    return this.#limits.some((limit) => limit.hard);
  }

  /** True for a limit beyond which no flow may be placed. */
  isHard(limit: number): boolean {
    return this.#limits[limit].hard;
  }

  /** Limits with their sums. */
  limitUses(): readonly LimitUse[] {
    return this.#limits.map((limit, i) => ({
      ...limit,
      expectedPacketsPerSecond: this.#packets[i],
      expectedBitsPerSecond: this.#bits[i],
    }));
  }

  #limitsOf(table: FlowTable, row: number): Int32Array {
    if (this.#limits.length === 0) return NONE;
    const set = this.#set.values;
    if (set[row] === 0) set[row] = 1 + this.#findSet(table, row);
    return this.#sets[set[row] - 1];
  }

  #findSet(table: FlowTable, row: number): number {
    const inPort = table.matchAt(row).inPort;
    const outPorts = table.actionsAt(row).flatMap((a) => (a.kind === 'output' ? [a.port] : []));
    const isUplink = (name: string): boolean => this.#ports?.get(name)?.kind === 'uplink';
    const receives = isUplink(inPort) ? [inPort] : [];
    const sends = outPorts.filter(isUplink);
    const set = this.#limits.flatMap(({ scope }, i) => {
      if (scope.kind === 'all') return [i];
      const ports = scope.kind === 'receive' ? receives : sends;
      const { port } = scope;
      return (port === undefined ? ports.length > 0 : ports.includes(port)) ? [i] : [];
    });
    const key = set.join();
    let number = this.#setOf.get(key);
    if (number === undefined) {
      number = this.#sets.push(Int32Array.from(set)) - 1;
      this.#setOf.set(key, number);
    }
    return number;
  }
}

/** True if both lists have the same scopes in the same order. */
function sameScopes(a: readonly ThroughputLimit[], b: readonly ThroughputLimit[]): boolean {
  if (a === b) return true;
  const same = (x: ThroughputLimit, y: ThroughputLimit): boolean =>
    x.scope.kind === y.scope.kind &&
    (x.scope.kind === 'all' || y.scope.kind === 'all' || x.scope.port === y.scope.port);
  return a.length === b.length && a.every((limit, i) => same(limit, b[i]));
}
