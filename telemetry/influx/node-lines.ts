import type { ConnectionCount } from '../../engine/connections/connection-counts.ts';
import type { TickReport } from '../../engine/loop/tick-report.ts';
import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { TickAccounts } from '../accounts/tick-accounts.ts';
import { lineOf } from './line.ts';
import { tableLines } from './table-lines.ts';
import { rate, type Round, trafficLines } from './traffic-lines.ts';

/** Maximum number of ports with a point for their device; the rest are left out. */
const MAX_PORTS = 256;

/** Sums over the ticks between two rounds of points. */
export interface TickSums {
  ticks: number;
  /** Longest of them, ms. */
  longestMs: number;
  /** True while every source was fresh in each of them. */
  fresh: boolean;
}

/** What a round says about the daemon itself; undefined: not written. */
export interface DaemonNumbers {
  readonly openDescriptors: number | undefined;
  readonly guests: GuestCounts | undefined;
  readonly connections: readonly ConnectionCount[] | undefined;
  readonly uncountedPorts: number | undefined;
}

/** Guests with an agent that is connected, and those of them that have a lease. */
export interface GuestCounts {
  readonly connected: number;
  readonly leases: number;
}

/** All points of a round except flows and events: node, paths, slices, ports, tables, rules. */
export function nodeLines(
  report: TickReport,
  accounts: TickAccounts,
  sums: Readonly<TickSums>,
  { openDescriptors, guests, connections = [], uncountedPorts }: DaemonNumbers,
  round: Round,
): void {
  const { node, wallMs, seconds, write } = round;
  const gains = trafficLines(accounts, round);
  write(
    lineOf(
      'norikae_node',
      { node },
      {
        flows: accounts.flows.reduce((sum, n) => sum + n, 0),
        bits_per_second: rate(gains?.bytes, seconds, 8),
        packets_per_second: rate(gains?.packets, seconds, 1),
        coverage_bytes: gains && 1 - gains.vswitchBytes / gains.bytes,
        coverage_packets: gains && 1 - gains.vswitchPackets / gains.packets,
        host_cpu: report.tick.node.hostCpu,
        cpu_saved_cores: accounts.cpuSavedCores,
        bit_share: accounts.bitShare,
        reactions: accounts.reactions.count,
        reaction_seconds: accounts.reactions.sumSeconds,
        ticks: sums.ticks,
        tick_ms: sums.longestMs,
        fresh: sums.fresh,
        held: report.held,
        open_descriptors: openDescriptors,
        guests_connected: guests?.connected,
        guest_leases: guests?.leases,
        uncounted_ports: uncountedPorts,
      },
      wallMs,
    ),
  );
  for (const { state, connections: count, bitsPerSecond } of connections) {
    if (count === 0) continue;
    const fields = { connections: count, bits_per_second: bitsPerSecond };
    write(lineOf('norikae_connections', { node, state }, fields, wallMs));
  }
  portLines(report, round);
  for (const table of accounts.tables) tableLines(table, round);
  workLines(accounts, round);
}

function portLines({ tick, plans }: TickReport, { node, wallMs, write }: Round): void {
  const at = plans.flatMap(({ portHooks }) => portHooks);
  const hooks = new Map(at.map(({ name, hook }) => [name, hook]));
  let remaining = MAX_PORTS;
  for (const port of tick.ports.values()) {
    if (remaining-- === 0) return;
    const load = tick.node.portLoad.get(port.name);
    const fields = {
      rx_bits_per_second: load?.rxBitsPerSecond,
      tx_bits_per_second: load?.txBitsPerSecond,
      link_bits_per_second: port.linkBitsPerSecond,
      kind: port.kind,
      vm: port.vm,
      slice: port.slice,
      hook: hooks.get(port.name),
    };
    write(lineOf('norikae_port', { node, port: port.name }, fields, wallMs));
  }
}

/** Operations, samples, changes of placement, causes, reasons, rules. */
function workLines(accounts: TickAccounts, { node, wallMs, write }: Round): void {
  for (const { backend, kind, outcome, count } of accounts.operations) {
    write(lineOf('norikae_operations', { node, backend, kind, outcome }, { count }, wallMs));
  }
  for (const { result, count } of accounts.samples) {
    write(lineOf('norikae_samples', { node, result }, { count }, wallMs));
  }
  for (const { from, to, count } of accounts.moves) {
    write(lineOf('norikae_moves', { node, from, to }, { count }, wallMs));
  }
  for (const { cause, count } of accounts.causes) {
    write(lineOf('norikae_cause', { node, cause }, { count }, wallMs));
  }
  for (const { reason, flows, waiting, moves } of accounts.reasons) {
    write(lineOf('norikae_reason', { node, reason }, { flows, waiting, moves }, wallMs));
  }
  for (const { rule, flows, moves, refusals } of accounts.rules) {
    write(lineOf('norikae_rule', { node, rule }, { flows, moves, refusals }, wallMs));
  }
}

/** The `maxFlows` flows with the highest rates, one point per rank. */
export function topLines(accounts: TickAccounts, maxFlows: number, round: Round): void {
  const { node, wallMs, write } = round;
  accounts.top.slice(0, maxFlows).forEach((flow, i) => {
    const fields = {
      flow: formatFlowId(flow.id),
      bits_per_second: flow.bitsPerSecond,
      packets_per_second: flow.packetsPerSecond,
      placement: flow.placement,
      slice: flow.slice,
      in_port: flow.inPort,
    };
    const rank = String(i + 1).padStart(3, '0');
    write(lineOf('norikae_flow', { node, rank }, fields, wallMs));
  });
}
