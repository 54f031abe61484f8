import { Counter, Gauge, type Registry } from 'prom-client';
import {
  CONNECTION_STATES,
  type ConnectionCount,
} from '../../engine/connections/connection-counts.ts';
import type { MeterReading, UncountedPort } from '../../engine/ports/connection-meter.ts';

/** Connections as of the last reading, as the metrics need them. */
export interface ConnectionNumbers {
  readonly counts: { readonly all: readonly ConnectionCount[] };
  readonly metered: MeterReading;
  readonly uncountedPorts: readonly UncountedPort[];
}

/**
 * Registers the metrics of connections that are placed one by one.
 *
 * @param connections undefined: only whole megaflows are placed
 */
export function registerConnectionMetrics(
  registry: Registry,
  connections: ConnectionNumbers | undefined,
): void {
  const registers = [registry];
  const zeros = CONNECTION_STATES.map((state) => ({ state, connections: 0, bitsPerSecond: 0 }));
  const counts = (): readonly ConnectionCount[] => connections?.counts.all ?? zeros;
  const states: Gauge = new Gauge({
    name: 'norikae_connections',
    help: 'Connections in the flow table, each direction counting, by state: resolved (an entry can carry it), or why not.',
    labelNames: ['state'],
    registers,
    collect: () => {
      for (const { state, connections: n } of counts()) states.set({ state }, n);
    },
  });
  const rates: Gauge = new Gauge({
    name: 'norikae_connection_bytes_per_second',
    help: 'Traffic of the connections in the flow table, on all paths, by state.',
    labelNames: ['state'],
    registers,
    collect: () => {
      for (const { state, bitsPerSecond } of counts()) rates.set({ state }, bitsPerSecond / 8);
    },
  });
  const metered: Gauge = new Gauge({
    name: 'norikae_meter_connections',
    help: 'Connections that the meter counts, each direction counting.',
    registers,
    collect: () => metered.set(connections?.metered.connections ?? 0),
  });
  const sampling: Gauge = new Gauge({
    name: 'norikae_meter_sampling',
    help: 'The meter counts one packet in so many, and multiplies.',
    registers,
    collect: () => sampling.set(connections?.metered.sampling ?? 1),
  });
  const uncounted: Gauge = new Gauge({
    name: 'norikae_meter_uncounted_ports',
    help: 'Ports whose packets the meter does not count although it is meant to: norikae status says why.',
    registers,
    collect: () => uncounted.set(connections?.uncountedPorts.length ?? 0),
  });
  const forgotten: Counter = new Counter({
    name: 'norikae_meter_forgotten_total',
    help: 'Connections that the meter has forgotten for lack of memory.',
    registers,
    collect: () => {
      forgotten.reset();
      forgotten.inc(connections?.metered.forgotten ?? 0);
    },
  });
}
