import { Placement } from '../../engine/model/flow.ts';
import type { PathUse, TickAccounts } from '../accounts/tick-accounts.ts';
import type { Differences } from './differences.ts';
import { lineOf } from './line.ts';

/** What all points of a round share. */
export interface Round {
  readonly node: string;
  /** Wall clock of the points, ms since 1970. */
  readonly wallMs: number;
  /** Time of the tick, ms of the clock. */
  readonly atMs: number;
  /** Time over which rates are computed, s; undefined without a reading since the last round. */
  readonly seconds: number | undefined;
  readonly differences: Differences;
  /** Writes a line; undefined stands for a point without values and is left out. */
  readonly write: (line: string | undefined) => void;
}

/** Bytes and packets since the last round, of all paths and of the vSwitch alone. */
interface Gains {
  readonly bytes: number;
  readonly packets: number;
  readonly vswitchBytes: number;
  readonly vswitchPackets: number;
}

/** Traffic by path, slice and port; returns the sums over all paths, undefined while unknown. */
export function trafficLines(accounts: TickAccounts, round: Round): Gains | undefined {
  const gains = pathLines(accounts, round);
  sliceLines(accounts, round);
  portPathLines(accounts, round);
  return gains;
}

function pathLines({ paths, flows }: TickAccounts, round: Round): Gains | undefined {
  const { node, wallMs, write } = round;
  const sums = { bytes: 0, packets: 0, vswitchBytes: 0, vswitchPackets: 0 };
  let known = true;
  paths.forEach((use, placement) => {
    const bytes = round.differences.gainOf(`${use.path} bytes`, use.bytes);
    const packets = round.differences.gainOf(`${use.path} packets`, use.packets);
    known &&= bytes !== undefined && packets !== undefined;
    sums.bytes += bytes ?? 0;
    sums.packets += packets ?? 0;
    if (placement === Placement.onload) {
      sums.vswitchBytes = bytes ?? 0;
      sums.vswitchPackets = packets ?? 0;
    }
    const traffic = trafficFields(use, bytes, packets, round.seconds);
    const fields = { ...traffic, flows: flows[placement] };
    write(lineOf('norikae_path', { node, path: use.path }, fields, wallMs));
  });
  return known && round.seconds !== undefined ? sums : undefined;
}

function sliceLines({ slices }: TickAccounts, round: Round): void {
  const { node, wallMs, differences, write } = round;
  for (const { name, paths, flows } of slices) {
    paths.forEach((use, placement) => {
      if (use.packets === 0 && flows[placement] === 0) return;
      const key = `slice ${name} ${use.path}`;
      const bytes = differences.gainOf(`${key} bytes`, use.bytes);
      const packets = differences.gainOf(`${key} packets`, use.packets);
      const traffic = trafficFields(use, bytes, packets, round.seconds);
      const fields = { ...traffic, flows: flows[placement] };
      write(lineOf('norikae_slice', { node, slice: name, path: use.path }, fields, wallMs));
    });
  }
}

function portPathLines({ ports }: TickAccounts, round: Round): void {
  const { node, wallMs, differences, seconds, write } = round;
  for (const { name, rx, tx } of ports) {
    rx.forEach((received, i) => {
      const sent = tx[i];
      if (received.packets === 0 && sent.packets === 0) return;
      const key = `port ${name} ${received.path}`;
      const fields = {
        rx_bytes: received.bytes,
        rx_packets: received.packets,
        rx_bits_per_second: rate(differences.gainOf(`${key} rx`, received.bytes), seconds, 8),
        tx_bytes: sent.bytes,
        tx_packets: sent.packets,
        tx_bits_per_second: rate(differences.gainOf(`${key} tx`, sent.bytes), seconds, 8),
      };
      const tags = { node, port: name, path: received.path };
      write(lineOf('norikae_port_path', tags, fields, wallMs));
    });
  }
}

function trafficFields(
  use: PathUse,
  bytes: number | undefined,
  packets: number | undefined,
  seconds: number | undefined,
) {
  return {
    bytes: use.bytes,
    packets: use.packets,
    bits_per_second: rate(bytes, seconds, 8),
    packets_per_second: rate(packets, seconds, 1),
  };
}

/** `gained` per second, times `unit`; undefined if either is unknown. */
export function rate(
  gained: number | undefined,
  seconds: number | undefined,
  unit: number,
): number | undefined {
  return gained === undefined || seconds === undefined ? undefined : (gained * unit) / seconds;
}
