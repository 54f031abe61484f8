import type { FlowId } from '../../../engine/model/flow-id.ts';
import { Devices } from './devices.ts';
import { EntryTable } from './entry-table.ts';
import { heartbeatMsOf } from './heartbeat.ts';
import type { HostHandles } from './host-handles.ts';
import { Installer } from './installer.ts';
import { Lapses } from './lapses.ts';
import type { FlowerOptions } from './options.ts';
import { Pauses } from './pauses.ts';
import { PortFollower } from './port-follower.ts';
import { RuleLease } from './rule-lease.ts';
import { RuleMoves } from './rule-moves.ts';
import { RuleReader } from './rule-reader.ts';
import { RuleSync } from './rule-sync.ts';
import { ServedPorts } from './served-ports.ts';
import { StepSender } from './steps.ts';
import type { OpenWatchdog, Watchdog } from './watchdog.ts';

/** How long a rule in hardware is out of the table for a heartbeat, ms. */
const PAUSE_MS = 100;

/** What a session is opened with besides its options. */
export interface SessionTools {
  readonly openWatchdog: OpenWatchdog;
  /** Runs a task when no other uses the table. */
  readonly inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  readonly onLost: () => void;
}

/** What a session consists of. */
export interface SessionParts {
  readonly entries: EntryTable;
  readonly ports: ServedPorts;
  readonly devices: Devices;
  readonly reader: RuleReader;
  readonly installer: Installer;
  readonly sync: RuleSync;
  readonly lease: RuleLease;
  readonly lapses: Lapses;
  readonly follower: PortFollower;
  readonly pauses: Pauses;
  /** Undefined: rules are in software, where the gate does its work. */
  readonly watchdog: Watchdog | undefined;
}

/** Starts the watchdog of rules in hardware, and connects the parts of a session. */
export function connectParts(
  options: FlowerOptions,
  { openWatchdog, inTurn, onLost }: SessionTools,
  handles: HostHandles,
): SessionParts {
  const { pins, tc, gate, ifindexOf, takesRules } = handles;
  const { rulesIn, entries: limit, leaseMs, pinPath, detachAfterMs } = options;
  const heartbeatMs = heartbeatMsOf(options);
  const watchdog = rulesIn === 'hardware' ? openWatchdog(pinPath, pins) : undefined;
  watchdog?.ensure();
  const lease = new RuleLease(handles.lease, pins, watchdog, leaseMs);
  const mayInstall = (): boolean => lease.mayInstall();

  const entries = new EntryTable();
  const ports = new ServedPorts(options.ports, handles.otherHooks);
  const devices = new Devices({ tc, pins, gate, rulesIn, ifindexOf, takesRules });
  const common = { tc, entries, devices, ports, rulesIn };
  const sender = new StepSender(tc, rulesIn);
  const moves = new RuleMoves(sender, entries, rulesIn);
  const installer = new Installer({ ...common, sender, moves, limit, heartbeatMs, mayInstall });
  const reader = new RuleReader({ ...common, pins });

  const lost = (ids: readonly FlowId[]): void => sync.lose(ids);
  const lapses = new Lapses({ entries, moves, lease, inTurn, onLost: lost });
  const onRemoved = (rules: number): void => lapses.countRemoved(rules);
  const sync = new RuleSync({ ...common, reader, sender, mayInstall, onRemoved, onLost });
  const follower = new PortFollower({ ...common, moves, heartbeatMs, detachAfterMs });
  const pauses = new Pauses({
    entries,
    moves,
    heartbeatMs: rulesIn === 'hardware' ? heartbeatMs : 0,
    pauseMs: options.pauseMs ?? PAUSE_MS,
    inTurn,
    mayInstall,
    onLost: lost,
  });
  const table = { entries, ports, devices, reader, installer, sync };
  return { ...table, lease, lapses, follower, pauses, watchdog };
}
