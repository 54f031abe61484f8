import type { Placement } from '../model/flow.ts';
import type { FlowTable } from '../model/flow-table.ts';
import type { PortSnapshot } from '../model/port.ts';
import { SideTable } from '../model/side-table.ts';
import { HoldDown } from './hold-down.ts';

/** Minimum time over which an entry is judged, ms, besides the delay of the backend's counters. */
const MIN_WINDOW_MS = 3000;
/** A flow with little traffic is judged by its last packets, not by those of an hour, ms. */
const MAX_WINDOW_MS = 30_000;
/**
 * Packets that a flow may send through the vSwitch in a window without a doubt about its entry: this
 * number, and this many per heartbeat period.
 */
const SPARE_PACKETS = 10;
const SPARE_PER_HEARTBEAT = 4;
/** An entry that carries less than this share of the flow's packets is not worth having. */
const MIN_CARRIED_SHARE = 0.05;

/** Why an entry was released. */
export interface Unused {
  /** Packets that the flow sent through the vSwitch while it had the entry, and those carried. */
  readonly packets: number;
  readonly carried: number;
  /** Duration of the observation, ms. */
  readonly overMs: number;
}

/** Inputs of {@link CarryCheck.findUnused}. */
export interface CarryCheckOptions {
  readonly table: FlowTable;
  readonly ports: PortSnapshot;
  readonly placement: Placement;
  /** Heartbeat period of the backend, ms; 0: none. */
  readonly heartbeatMs: number;
  /** How late the counters of the backend are, ms. */
  readonly counterDelayMs: number;
  readonly nowMs: number;
}

/**
 * Finds entries that carry nothing while their flow sends: the vSwitch's counters of the flow rise
 * by more than heartbeats, and the backend's do not. Holds such flows down for a time that doubles
 * each time, and pairs of ports on which no entry carries anything.
 *
 * A flow is observed from a reading that began after the entry was installed. Linear in flows,
 * without allocations per flow.
 */
export class CarryCheck {
  readonly holdDown = new HoldDown();
  readonly #rows = new SideTable('flow');
  /** Start of the observation: time (-Infinity: none) and the flow's counters. */
  readonly #since = this.#rows.float64(Number.NEGATIVE_INFINITY);
  readonly #vswitch = this.#rows.float64();
  readonly #carried = this.#rows.float64();
  readonly #verdicts = this.#rows.sparse<Unused>();
  /** Observations that began before this are void, ms of the clock. */
  #voidBeforeMs = Number.NEGATIVE_INFINITY;
  #unused = new Int32Array(0);

  /** Voids all observations: the backend may have passed every packet, or was not read. */
  startOver(nowMs: number): void {
    this.#voidBeforeMs = nowMs;
  }

  /** Why the row's entry was released last; undefined if it was not, or has carried since. */
  verdictOn(row: number): Unused | undefined {
    return this.#verdicts.values.get(row);
  }

  /** The rows whose entries to release, and holds them down; valid until the next call. */
  findUnused(o: CarryCheckOptions): Int32Array {
    const { table, placement } = o;
    this.#rows.follow(table);
    this.holdDown.follow(table, o.ports);
    if (this.#unused.length < table.count) this.#unused = new Int32Array(table.count * 2);
    const placed = table.decision.placement;
    let count = 0;
    for (let i = 0; i < table.count; i++) {
      const row = table.rows[i];
      if (placed[row] === placement && this.#isUnused(o, row)) this.#unused[count++] = row;
    }
    for (let i = 0; i < count; i++) this.#release(o, this.#unused[i]);
    return this.#unused.subarray(0, count);
  }

  #isUnused({ table, heartbeatMs, counterDelayMs }: CarryCheckOptions, row: number): boolean {
    const { readAtMs, traffic, decision } = table;
    const placedMs = decision.placedSinceMs[row];
    const sinceMs = this.#since.values[row];
    if (!(sinceMs > placedMs && sinceMs >= this.#voidBeforeMs)) {
      if (readAtMs > placedMs) this.#observe(table, row);
      return false;
    }
    const carried = traffic.carriedPackets[row] - this.#carried.values[row];
    const passed = traffic.vswitchPackets[row] - this.#vswitch.values[row];
    if (carried > 0 && carried >= MIN_CARRIED_SHARE * (carried + passed)) {
      this.holdDown.recordCarried(row, readAtMs);
      if (this.#verdicts.values.size > 0) this.#verdicts.reset(row);
      this.#observe(table, row);
      return false;
    }
    const overMs = readAtMs - sinceMs;
    if (overMs < MIN_WINDOW_MS + counterDelayMs) return false;
    const heartbeats = heartbeatMs > 0 ? (SPARE_PER_HEARTBEAT * overMs) / heartbeatMs : 0;
    if (passed > SPARE_PACKETS + heartbeats) return true;
    if (overMs >= MAX_WINDOW_MS) this.#observe(table, row);
    return false;
  }

  #observe({ readAtMs, traffic }: FlowTable, row: number): void {
    this.#since.values[row] = readAtMs;
    this.#vswitch.values[row] = traffic.vswitchPackets[row];
    this.#carried.values[row] = traffic.carriedPackets[row];
  }

  #release({ table, nowMs }: CarryCheckOptions, row: number): void {
    const { readAtMs, traffic } = table;
    this.#verdicts.values.set(row, {
      packets: traffic.vswitchPackets[row] - this.#vswitch.values[row],
      carried: traffic.carriedPackets[row] - this.#carried.values[row],
      overMs: readAtMs - this.#since.values[row],
    });
    this.holdDown.hold(table, row, this.#since.values[row], nowMs);
    this.#since.reset(row);
  }
}
