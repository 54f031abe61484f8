import type { Layout } from './layout.ts';

/** How a table differs from one that holds any flow, obeys at once and is read exactly. */
export interface Hardware {
  readonly name: string;
  /** Left out: any entry can hold any flow. */
  readonly layout?: Layout;
  /** Operations that the device carries out in a second, refused ones included; left out: no limit. */
  readonly operationsPerSecond?: number;
  /** Period in which the device publishes its counters, ms; left out: they are exact. */
  readonly counterDelayMs?: number;
  /** Resolution of the time of a flow's last packet, ms; left out: exact. */
  readonly resolutionMs?: number;
  /** Time after which one packet of a flow passes to the vSwitch, ms; left out: none. */
  readonly heartbeatMs?: number;
}

/** The table of the report. */
export const IDEAL: Hardware = { name: 'ideal' };

/** Tables with the limits of real ones, one at a time and all together. */
export const HARDWARE: readonly Hardware[] = [
  IDEAL,
  { name: 'probes-200', layout: { kind: 'double-hashing', probeDepth: 200 } },
  { name: 'probes-24', layout: { kind: 'double-hashing', probeDepth: 24 } },
  { name: 'ways-4', layout: { kind: 'buckets', ways: 4 } },
  { name: 'rules-33000', operationsPerSecond: 33_000 },
  { name: 'rules-5000', operationsPerSecond: 5000 },
  { name: 'rules-500', operationsPerSecond: 500 },
  { name: 'late-500', counterDelayMs: 500 },
  { name: 'late-2000', counterDelayMs: 2000 },
  { name: 'coarse-10', resolutionMs: 10 },
  { name: 'heartbeats', heartbeatMs: 1000 },
  {
    name: 'slow-hash',
    layout: { kind: 'double-hashing', probeDepth: 24 },
    operationsPerSecond: 500,
  },
  {
    name: 'switchdev',
    layout: { kind: 'buckets', ways: 4 },
    operationsPerSecond: 5000,
    counterDelayMs: 500,
    resolutionMs: 10,
    heartbeatMs: 1000,
  },
];
