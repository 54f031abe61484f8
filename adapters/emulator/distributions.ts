/**
 * Published flow-size distributions, as points of their cumulative distribution functions:
 * [bytes of payload, per cent of flows that are no larger].
 */
export type CdfPoints = readonly (readonly [bytes: number, percent: number])[];

/** Alizadeh et al., Data Center TCP (DCTCP), SIGCOMM 2010: a web-search cluster. */
export const WEB_SEARCH: CdfPoints = [
  [10_000, 15],
  [20_000, 20],
  [30_000, 30],
  [50_000, 40],
  [80_000, 53],
  [200_000, 60],
  [1_000_000, 70],
  [2_000_000, 80],
  [5_000_000, 90],
  [10_000_000, 97],
  [30_000_000, 100],
];

/** Greenberg et al., VL2: A Scalable and Flexible Data Center Network, SIGCOMM 2009. */
export const DATA_MINING: CdfPoints = [
  [180, 10],
  [216, 20],
  [560, 30],
  [900, 40],
  [1_100, 50],
  [1_870, 60],
  [3_160, 70],
  [10_000, 80],
  [400_000, 90],
  [3_160_000, 95],
  [100_000_000, 98],
  [1_000_000_000, 100],
];

/** Roy et al., Inside the Social Network's (Datacenter) Network, SIGCOMM 2015: Hadoop. */
export const FB_HADOOP: CdfPoints = [
  [100, 1],
  [200, 2],
  [300, 5],
  [350, 15],
  [400, 20],
  [500, 30],
  [600, 40],
  [700, 50],
  [1_000, 60],
  [2_000, 67],
  [7_000, 70],
  [30_000, 72],
  [50_000, 82],
  [80_000, 87],
  [120_000, 90],
  [300_000, 95],
  [1_000_000, 97.5],
  [2_000_000, 99],
  [10_000_000, 100],
];

/** Li et al., HPCC: High Precision Congestion Control, SIGCOMM 2019: Alibaba storage. */
export const ALI_STORAGE_2019: CdfPoints = [
  [4_000, 22.93],
  [8_000, 69.21],
  [16_000, 80.61],
  [32_000, 90.47],
  [64_000, 93.53],
  [128_000, 96.77],
  [256_000, 97.53],
  [2_000_000, 100],
];

/** Sivaram (Google, 2008), as in Montazeri et al., Homa, SIGCOMM 2018: all RPCs of a centre. */
export const GOOGLE_RPC_2008: CdfPoints = [
  [64, 15.53],
  [128, 35.16],
  [256, 49.79],
  [512, 78.49],
  [1_024, 86.32],
  [2_048, 90.89],
  [4_096, 93.5],
  [8_192, 96.43],
  [16_384, 98.47],
  [65_536, 99.33],
  [262_144, 99.85],
  [15_158_197, 100],
];
