import { type Trace, TraceBuilder } from '../../bench/decisions/traces/trace.ts';

/** Bytes of a packet in traces made by hand. */
export const PACKET = 1000;

/**
 * A trace made by hand: a row a flow, a column a window, each the packets that the flow sends in
 * it, of {@link PACKET} bytes. Windows of a second, no warm-up.
 */
export function traceOf(
  packets: readonly (readonly number[])[],
  length: { readonly windowMs?: number; readonly warmUpWindows?: number } = {},
): Trace {
  const windows = packets[0]?.length ?? 0;
  const { windowMs = 1000, warmUpWindows = 0 } = length;
  const builder = new TraceBuilder();
  packets.forEach((row, flow) => {
    row.forEach((n, window) => {
      if (n > 0) builder.add(window, flow, n * PACKET, n, windowMs * (1 - 1 / (n + 1)));
    });
  });
  return builder.build({ windowMs, windows, warmUpWindows }, packets.length);
}
