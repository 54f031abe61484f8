import type { Trace } from './trace.ts';

/** Idle time-out of megaflows (OVS: max-idle), ms. */
export const MAX_IDLE_MS = 10_000;

/**
 * When the vSwitch has a megaflow for each flow: from the window of its first packet until it was
 * idle for {@link MAX_IDLE_MS}. A flow that sends again later is born again. Equal for every
 * algorithm, so computed once per trace.
 */
export interface Sightings {
  /** Flows born in window `w`: `born[bornOffsets[w] .. bornOffsets[w + 1])`. */
  readonly born: Uint32Array;
  readonly bornOffsets: Uint32Array;
  /** Flows that idle out at the end of window `w`, likewise. */
  readonly gone: Uint32Array;
  readonly goneOffsets: Uint32Array;
  /** Means over the measured windows: flows of the vSwitch, and flows that send. */
  readonly meanLive: number;
  readonly meanSending: number;
}

/** Computes when the vSwitch has each flow of the trace. */
export function sightings(trace: Trace): Sightings {
  const { windows, warmUpWindows, offsets, flow } = trace;
  const idleWindows = Math.max(1, Math.round(MAX_IDLE_MS / trace.windowMs));
  /** 1 + the last window in which each flow sent; 0 while the vSwitch does not have it. */
  const last = new Uint32Array(trace.flows);
  const born: number[] = [];
  const gone: number[] = [];
  const bornOffsets = new Uint32Array(windows + 1);
  const goneOffsets = new Uint32Array(windows + 1);
  let live = 0;
  let sumLive = 0;
  for (let w = 0; w < windows; w++) {
    for (let i = offsets[w]; i < offsets[w + 1]; i++) {
      if (last[flow[i]] === 0) born.push(flow[i]);
      last[flow[i]] = w + 1;
    }
    // Flows whose last packet is this many windows ago.
    const idle = Math.max(0, w - idleWindows + 1);
    for (let i = offsets[Math.max(0, idle - 1)]; i < offsets[idle]; i++) {
      if (last[flow[i]] !== idle) continue;
      last[flow[i]] = 0;
      gone.push(flow[i]);
    }
    bornOffsets[w + 1] = born.length;
    goneOffsets[w + 1] = gone.length;
    live += bornOffsets[w + 1] - bornOffsets[w] - (goneOffsets[w + 1] - goneOffsets[w]);
    if (w >= warmUpWindows) sumLive += live;
  }
  const counted = windows - warmUpWindows;
  return {
    born: Uint32Array.from(born),
    bornOffsets,
    gone: Uint32Array.from(gone),
    goneOffsets,
    meanLive: sumLive / counted,
    meanSending: (offsets[windows] - offsets[warmUpWindows]) / counted,
  };
}
