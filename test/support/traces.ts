import { type Trace, TraceBuilder } from '../../bench/decisions/traces/trace.ts';

/** Bytes per packet in traces of {@link traceOf}. */
export const PACKET = 1000;

/**
 * A trace from numbers of packets, with a row per flow and a column per window of 1 s. Packets have
 * {@link PACKET} bytes; there is no warm-up.
 */
export function traceOf(
  packets: readonly (readonly number[])[],
  options: {
    readonly windowMs?: number;
    readonly warmUpWindows?: number;
    /** Service by flow; left out: one for all. */
    readonly services?: readonly number[];
  } = {},
): Trace {
  const windows = packets[0]?.length ?? 0;
  const { windowMs = 1000, warmUpWindows = 0, services = packets.map(() => 0) } = options;
  const builder = new TraceBuilder();
  packets.forEach((row, flow) => {
    row.forEach((n, window) => {
      if (n > 0) builder.add(window, flow, n * PACKET, n, windowMs * (1 - 1 / (n + 1)));
    });
  });
  const length = { windowMs, windows, warmUpWindows };
  return builder.build(length, packets.length, Uint16Array.from(services));
}
