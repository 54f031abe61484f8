import type { FlowTable } from '../../engine/model/flow-table.ts';

/** Rates of new flows and of packets through the vSwitch, updated once per tick. */
export class FlowMeter {
  /** Undefined until the second `update`. */
  newFlowsPerSecond: number | undefined;
  vswitchPacketsPerSecond: number | undefined;
  #atMs: number | undefined;
  #packets = 0;

  update(table: FlowTable, nowMs: number): void {
    const packets = table.totals.vswitchPackets;
    const before = this.#atMs;
    if (before !== undefined && nowMs <= before) return;
    if (before !== undefined) {
      const seconds = (nowMs - before) / 1000;
      this.newFlowsPerSecond = newSince(table, before) / seconds;
      this.vswitchPacketsPerSecond = (packets - this.#packets) / seconds;
    }
    this.#atMs = nowMs;
    this.#packets = packets;
  }
}

function newSince(table: FlowTable, sinceMs: number): number {
  let flows = 0;
  for (let i = 0; i < table.count; i++) {
    if (table.traffic.firstSeenMs[table.rows[i]] > sinceMs) flows++;
  }
  return flows;
}
