import {
  ALI_STORAGE_2019,
  type CdfPoints,
  DATA_MINING,
  FB_HADOOP,
  GOOGLE_RPC_2008,
  WEB_SEARCH,
} from './distributions.ts';

/** One kind of application and how it uses the network. */
export interface Workload {
  readonly name: string;
  /** Sizes of transfers. */
  readonly sizes: CdfPoints;
  /** Its share of all offered bytes, relative to the other workloads. */
  readonly share: number;
  /** Transfers over one connection, mean: 1 opens a connection for each. */
  readonly transfersPerConnection: number;
  /** Mean pause between two transfers of a connection, ms; it makes the flow on-off. */
  readonly pauseMs: number;
  /** Port the servers listen on. */
  readonly serverPort: number;
  /** Share of its connections that use UDP instead of TCP. */
  readonly udpShare: number;
}

/**
 * Web search and data mining open a connection for each transfer, as their papers count flows.
 * Shuffles, storage and RPC keep connections and send many transfers over each: a megaflow that
 * pauses and goes on.
 */
export const DEFAULT_WORKLOADS: readonly Workload[] = [
  {
    name: 'web-search',
    sizes: WEB_SEARCH,
    share: 0.18,
    transfersPerConnection: 1,
    pauseMs: 0,
    serverPort: 80,
    udpShare: 0,
  },
  {
    name: 'data-mining',
    sizes: DATA_MINING,
    share: 0.55,
    transfersPerConnection: 1,
    pauseMs: 0,
    serverPort: 9092,
    udpShare: 0,
  },
  {
    name: 'hadoop',
    sizes: FB_HADOOP,
    share: 0.13,
    transfersPerConnection: 60,
    pauseMs: 150,
    serverPort: 50010,
    udpShare: 0,
  },
  {
    name: 'storage',
    sizes: ALI_STORAGE_2019,
    share: 0.1,
    transfersPerConnection: 200,
    pauseMs: 60,
    serverPort: 3260,
    udpShare: 0,
  },
  {
    name: 'rpc',
    sizes: GOOGLE_RPC_2008,
    share: 0.04,
    transfersPerConnection: 300,
    pauseMs: 40,
    serverPort: 443,
    udpShare: 0.1,
  },
];
