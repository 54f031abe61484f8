import type { EntryTable } from './entry-table.ts';
import type { Hardware } from './hardware.ts';

/** Traffic of flows in a window, one element per flow. */
export interface Seen {
  readonly senders: Uint32Array;
  readonly bytes: Float64Array;
  readonly packets: Float64Array;
  /** Time of the last packet, ms from the window's start. */
  readonly lastMs: Float32Array;
}

interface Unpublished {
  bytes: number;
  packets: number;
  lastAtMs: number;
}

/**
 * What an algorithm sees of the traffic when the device publishes its counters now and then: flows
 * without an entry at once, and flows with one when the device publishes what it has carried since.
 */
export class LateCounters {
  readonly #delayMs: number;
  readonly #resolutionMs: number;
  readonly #unpublished = new Map<number, Unpublished>();

  constructor({ counterDelayMs = 0, resolutionMs = 0 }: Hardware) {
    this.#delayMs = counterDelayMs;
    this.#resolutionMs = resolutionMs;
  }

  /** What is seen at the end of a window in which the flows sent `sent`. */
  read(sent: Seen, table: EntryTable, startMs: number, endMs: number): Seen {
    if (this.#delayMs === 0 && this.#resolutionMs === 0) return sent;
    const isDue = this.#delayMs === 0 || endMs % this.#delayMs === 0;
    const seen: [flow: number, traffic: Unpublished][] = [];
    for (let i = 0; i < sent.senders.length; i++) {
      const flow = sent.senders[i];
      const lastAtMs = startMs + sent.lastMs[i];
      const traffic = { bytes: sent.bytes[i], packets: sent.packets[i], lastAtMs };
      if (table.has(flow)) this.#add(flow, traffic);
      else seen.push([flow, traffic]);
    }
    if (isDue) {
      for (const [flow, traffic] of this.#unpublished) {
        if (table.known.has(flow)) seen.push([flow, traffic]);
      }
      this.#unpublished.clear();
    }
    return columnsOf(merged(seen), startMs);
  }

  #add(flow: number, { bytes, packets, lastAtMs }: Unpublished): void {
    const exactly = this.#resolutionMs === 0;
    const at = exactly ? lastAtMs : Math.floor(lastAtMs / this.#resolutionMs) * this.#resolutionMs;
    const before = this.#unpublished.get(flow);
    this.#unpublished.set(flow, {
      bytes: bytes + (before?.bytes ?? 0),
      packets: packets + (before?.packets ?? 0),
      lastAtMs: at,
    });
  }
}

/** One element per flow: a flow that lost its entry can be seen on both paths. */
function merged(seen: readonly [flow: number, traffic: Unpublished][]): Map<number, Unpublished> {
  const byFlow = new Map<number, Unpublished>();
  for (const [flow, traffic] of seen) {
    const before = byFlow.get(flow);
    byFlow.set(flow, {
      bytes: traffic.bytes + (before?.bytes ?? 0),
      packets: traffic.packets + (before?.packets ?? 0),
      lastAtMs: Math.max(traffic.lastAtMs, before?.lastAtMs ?? 0),
    });
  }
  return byFlow;
}

function columnsOf(byFlow: ReadonlyMap<number, Unpublished>, startMs: number): Seen {
  const traffic = [...byFlow.values()];
  return {
    senders: Uint32Array.from(byFlow.keys()),
    bytes: Float64Array.from(traffic, ({ bytes }) => bytes),
    packets: Float64Array.from(traffic, ({ packets }) => packets),
    lastMs: Float32Array.from(traffic, ({ lastAtMs }) => lastAtMs - startMs),
  };
}
