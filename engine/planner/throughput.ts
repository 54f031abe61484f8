import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import { SideTable } from '../model/side-table.ts';
import type { LimitUse } from './plan.ts';
import type { ThroughputLimit } from './throughput-limit.ts';

/** The limits of a flow that has none. */
const NONE: readonly number[] = [];

/** Newcomers are placed up to this share of a limit; what is placed stays up to the whole. */
const FOR_NEWCOMERS = 0.9;

/**
 * Adds up what the flows of a plan are expected to send, against the backend's limits. Which
 * limits a flow counts for follows from its ports and is remembered until they change.
 */
export class Throughput {
  #limits: readonly ThroughputLimit[] = [];
  #packets = new Float64Array(0);
  #bits = new Float64Array(0);
  /** By set of limits: indexes into the limits. */
  #sets: (readonly number[])[] = [];
  readonly #setOf = new Map<string, number>();
  readonly #rows = new SideTable('version');
  /** 1 + index into the sets; 0 until it is found. */
  readonly #set = this.#rows.uint16();
  #ports: PortSnapshot | undefined;

  /** Begins a plan: nothing is taken yet. */
  begin(table: FlowTable, ports: PortSnapshot, limits: readonly ThroughputLimit[]): void {
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
    }
    this.#packets.fill(0);
    this.#bits.fill(0);
  }

  /** Takes what the row's flow is expected to send. */
  take(table: FlowTable, row: number): void {
    const { packetsPerSecond, bitsPerSecond } = table.forecast;
    for (const limit of this.#limitsOf(table, row)) {
      this.#packets[limit] += packetsPerSecond[row];
      this.#bits[limit] += bitsPerSecond[row];
    }
  }

  /** Index of a limit that the row's flow would pass; -1 when there is none. */
  passed(table: FlowTable, row: number, newcomer: boolean): number {
    const { packetsPerSecond, bitsPerSecond } = table.forecast;
    const part = newcomer ? FOR_NEWCOMERS : 1;
    for (const i of this.#limitsOf(table, row)) {
      const limit = this.#limits[i];
      if (this.#packets[i] + packetsPerSecond[row] > part * limit.packetsPerSecond) return i;
      if (this.#bits[i] + bitsPerSecond[row] > part * limit.bitsPerSecond) return i;
    }
    return -1;
  }

  /** True of a limit beyond which nothing must be placed. */
  isHard(limit: number): boolean {
    return this.#limits[limit].hard;
  }

  /** What has been taken, by limit. */
  uses(): readonly LimitUse[] {
    return this.#limits.map((limit, i) => ({
      ...limit,
      expectedPacketsPerSecond: this.#packets[i],
      expectedBitsPerSecond: this.#bits[i],
    }));
  }

  #limitsOf(table: FlowTable, row: number): readonly number[] {
    if (this.#limits.length === 0) return NONE;
    const set = this.#set.values;
    if (set[row] === 0) set[row] = 1 + this.#find(table, row);
    return this.#sets[set[row] - 1];
  }

  #find(table: FlowTable, row: number): number {
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
      number = this.#sets.push(set) - 1;
      this.#setOf.set(key, number);
    }
    return number;
  }
}

/** True when a flow counts for the same places of both lists. */
function sameScopes(a: readonly ThroughputLimit[], b: readonly ThroughputLimit[]): boolean {
  if (a === b) return true;
  const same = (x: ThroughputLimit, y: ThroughputLimit): boolean =>
    x.scope.kind === y.scope.kind &&
    (x.scope.kind === 'all' || y.scope.kind === 'all' || x.scope.port === y.scope.port);
  return a.length === b.length && a.every((limit, i) => same(limit, b[i]));
}
