import {
  ALI_STORAGE_2019,
  type CdfPoints,
  DATA_MINING,
  FB_HADOOP,
  GOOGLE_RPC_2008,
  WEB_SEARCH,
} from '../../../adapters/emulator/distributions.ts';
import { DEFAULT_WORKLOADS } from '../../../adapters/emulator/workloads.ts';

/** A kind of connection of an input. */
export interface Kind {
  readonly sizes: CdfPoints;
  /** Share of the offered bytes, relative to the other kinds. */
  readonly share: number;
  /** Transfers over one connection, mean of a geometric distribution. */
  readonly transfers: number;
  /**
   * Pauses between transfers are exponential; their mean, ms, is drawn log-uniformly between
   * these for each connection.
   */
  readonly pauseMs: readonly [number, number];
  /** Share of connections over UDP, which has no acknowledgements. */
  readonly udpShare: number;
}

/** A kind of traffic for the comparison. */
export interface Input {
  readonly name: string;
  readonly kinds: readonly Kind[];
}

/** From pauses shorter than any window to ones longer than several. */
const PAUSES_MS = [50, 5_000] as const;

/**
 * Each published distribution separately, with persistent connections that pause, and the mix of
 * applications of the emulated node.
 */
export const INPUTS: readonly Input[] = [
  onOff('web-search', WEB_SEARCH, 10),
  onOff('data-mining', DATA_MINING, 10),
  onOff('hadoop', FB_HADOOP, 60),
  onOff('storage', ALI_STORAGE_2019, 200),
  onOff('rpc', GOOGLE_RPC_2008, 300),
  {
    name: 'mix',
    kinds: DEFAULT_WORKLOADS.map((workload) => ({
      sizes: workload.sizes,
      share: workload.share,
      transfers: workload.transfersPerConnection,
      pauseMs: [workload.pauseMs, workload.pauseMs],
      udpShare: workload.udpShare,
    })),
  },
];

/** Segments of adaptive streams: about 2 to 10 s at 1 to 8 Mbit/s, bytes. */
const VIDEO_SEGMENTS: CdfPoints = [
  [250_000, 0],
  [500_000, 20],
  [1_000_000, 55],
  [2_500_000, 85],
  [10_000_000, 100],
];
/** Frames of calls, from audio to video, bytes. */
const CALL_FRAMES: CdfPoints = [
  [80, 0],
  [160, 40],
  [1_200, 80],
  [12_000, 100],
];
/** Objects of web pages, bytes. */
const WEB_OBJECTS: CdfPoints = [
  [500, 0],
  [5_000, 40],
  [30_000, 75],
  [200_000, 95],
  [2_000_000, 100],
];

/** Traffic on which nothing was tuned: adaptive streams, calls and web pages. */
export const UNTUNED_INPUTS: readonly Input[] = [
  {
    name: 'streaming',
    kinds: [
      { sizes: VIDEO_SEGMENTS, share: 0.7, transfers: 40, pauseMs: [1_000, 8_000], udpShare: 0.3 },
      { sizes: CALL_FRAMES, share: 0.2, transfers: 2_000, pauseMs: [15, 40], udpShare: 1 },
      { sizes: WEB_OBJECTS, share: 0.1, transfers: 12, pauseMs: [20, 4_000], udpShare: 0.2 },
    ],
  },
];

/** Approximate numbers of megaflows of the vSwitch, which make each table too small. */
export const LOADS: readonly number[] = [500, 4_000, 32_000];

function onOff(name: string, sizes: CdfPoints, transfers: number): Input {
  return { name, kinds: [{ sizes, share: 1, transfers, pauseMs: PAUSES_MS, udpShare: 0 }] };
}
