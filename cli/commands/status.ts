import type { Command } from 'commander';
import type {
  BackendView,
  HookView,
  StatusView,
  VirtualFunctionView,
} from '../../api/status-view.ts';
import {
  bitRate,
  byteCount,
  counted,
  duration,
  plainPacketRate,
  whole,
} from '../../text/format.ts';
import { entriesInUse, neededGain, sampleResults } from '../../api/status-words.ts';
import { expected, fill } from '../../views/limit-words.ts';
import { nodeSummary } from '../../views/node-summary.ts';
import { sliceTable } from '../../views/slice-table.ts';
import type { Colours } from '../../platform/terminal.ts';
import { printable, textTable } from '../../platform/text-table.ts';
import { CommandEnded } from '../support/exit-codes.ts';
import { checkDaemon } from './status-check.ts';
import { type CliContext, lineWidth, printJson, printLines } from '../support/context.ts';
import { clientFor, type ControlOptions, withControlOptions } from '../support/control-options.ts';

const EXAMPLES = `
With --check, prints one line for a monitoring system and exits with
  0  OK: the daemon places flows
  1  DEGRADED: it runs, but a source is stale, a backend fails, policies were refused, or everything is held
  2  CRITICAL: its loop does not run, or it does not answer

Examples:
  norikae status
  norikae status --check            in Nagios, Icinga or a readiness probe
  norikae status --check --json     {"state":"ok","code":0,"causes":[],"text":"OK: ..."}
`;

interface StatusOptions extends ControlOptions {
  readonly check?: boolean;
}

/** Limits with at least this share in use are shown. */
const NEARLY_FULL = 0.9;

/** `norikae status`: the state of daemon, node, backends and sources. */
export function statusCommand(command: Command, context: CliContext): void {
  command
    .option('--check', 'print one line, and exit with 0, 1 or 2')
    .addHelpText('after', EXAMPLES);
  withControlOptions(command).action(async (options: StatusOptions) => {
    if (options.check === true) return check(context, options);
    const status = await clientFor(context, options).status();
    if (options.json === true) printJson(context, status);
    else printLines(context, statusLines(status, lineWidth(context), context.stdout.colours));
  });
}

async function check(context: CliContext, options: StatusOptions): Promise<void> {
  const result = await checkDaemon(clientFor(context, options));
  if (options.json === true) printJson(context, result);
  else printLines(context, [printable(result.text)]);
  throw new CommandEnded(result.code);
}

function statusLines(status: StatusView, width: number, colours: Colours): string[] {
  const { policies } = status;
  return [
    ...nodeSummary(status, width, colours),
    '',
    `daemon    version ${status.version}, pid ${status.pid}`,
    ...backendLines(status),
    ...hookLines(status),
    ...changesLines(status),
    ...sampleLines(status),
    ...influxLines(status),
    ...collectorLines(status),
    ...connectionLines(status),
    ...guestLines(status),
    `policies  ${counted(policies.rules, 'rule')} from ${policies.files.join(', ')}`,
    '',
    ...textTable(
      [
        { title: 'SOURCE', align: 'left', text: (s) => s.name },
        { title: 'STATE', align: 'left', text: (s) => (s.fresh ? 'fresh' : 'stale') },
        { title: 'AGE', align: 'right', text: (s) => (s.ageMs === null ? '-' : duration(s.ageMs)) },
        { title: 'PERIOD', align: 'right', text: (s) => duration(s.periodMs) },
        { title: 'COST', align: 'right', text: (s) => duration(s.costMs) },
        { title: 'NOTE', align: 'left', text: (s) => s.error ?? s.note ?? '' },
      ],
      status.sources,
      width,
      colours.dim,
    ),
    '',
    ...tableWithGap(sliceTable(status, width, colours)),
    ...textTable(
      [
        { title: 'PORT', align: 'left', text: (p) => p.name },
        { title: 'KIND', align: 'left', text: (p) => p.kind },
        { title: 'SLICE', align: 'left', text: (p) => p.slice ?? '-' },
        { title: 'HOOK', align: 'left', text: (p) => p.hook?.hook ?? '-' },
        { title: 'RECEIVES', align: 'right', text: (p) => rate(p.rxBitsPerSecond) },
        { title: 'SENDS', align: 'right', text: (p) => rate(p.txBitsPerSecond) },
        { title: 'LINK', align: 'right', text: (p) => rate(p.linkBitsPerSecond) },
      ],
      status.ports,
      width,
      colours.dim,
    ),
  ];
}

function tableWithGap(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [...lines, ''];
}

function backendLines({ backends }: StatusView): string[] {
  if (backends.length === 0) return ['backend   none'];
  return backends.flatMap((b) => [
    `backend   ${b.name}: ${b.description}`,
    `          ${entriesInUse(b)}, lease ${duration(b.leaseMs)}, ` +
      `heartbeat ${b.heartbeatMs === 0 ? 'none' : duration(b.heartbeatMs)}`,
    ...planLines(b),
    ...watchdogLines(b),
    ...b.virtualFunctions.map(functionLine),
    ...b.unservedPorts.map(({ name, why }) => `          ${name} not served: ${why}`),
    ...b.closedPorts.map(
      ({ port, saves, costs }) =>
        `          ${port} closed: entries would save ${plainPacketRate(saves)}, ` +
        `receiving would cost ${plainPacketRate(costs)}`,
    ),
    ...b.limits
      .filter((limit) => fill(limit) >= NEARLY_FULL)
      .map(
        (limit) => `          ${limit.name}: placed flows are expected to send ${expected(limit)}`,
      ),
  ]);
}

/** Where packets of ports are taken, and why there. */
function hookLines({ ports }: StatusView): string[] {
  const counts = new Map<string, { readonly hook: HookView; ports: number }>();
  for (const { hook } of ports) {
    if (hook === null) continue;
    const key = `${hook.hook} ${hook.why}`;
    const known = counts.get(key) ?? { hook, ports: 0 };
    known.ports++;
    counts.set(key, known);
  }
  return [...counts.values()].map(
    ({ hook, ports: count }, i) =>
      (i === 0 ? 'hooks' : '').padEnd(10) +
      `${hook.hook} at ${counted(count, 'port')}: ${hook.why}`,
  );
}

function functionLine({ port, vf, open, flows }: VirtualFunctionView): string {
  const carries = flows === 0 ? 'carries no flows' : `carries ${counted(flows, 'flow')}`;
  return `          VF ${vf} of ${port} ${carries}${open ? '; its guest may send by it' : ''}`;
}

function watchdogLines({ watchdog }: BackendView): string[] {
  if (watchdog === null) return [];
  const { alive, pid, readAgeMs, leaseLeftMs, removedEntries } = watchdog;
  const state = alive
    ? `runs (pid ${pid ?? '-'}), read the lease ${duration(readAgeMs ?? 0)} ago`
    : 'does not run, so the lease is not renewed';
  const lease =
    leaseLeftMs > 0 ? `lapses in ${duration(leaseLeftMs)} if not renewed` : 'has lapsed';
  return [
    `          watchdog ${state}; the lease ${lease}; ` +
      `entries removed after lapses: ${whole(removedEntries)}`,
  ];
}

/** Values that the planner computed. */
function planLines({ threshold, swapGain, operationsLeft }: BackendView): string[] {
  if (threshold === null || operationsLeft === null) return [];
  return [
    `          threshold ${plainPacketRate(threshold)}, ${neededGain(swapGain)}; ` +
      `budget ${counted(operationsLeft, 'operation')}`,
  ];
}

function changesLines({ changes }: StatusView): string[] {
  if (changes === null) return [];
  const state = changes.active
    ? 'rule changes trigger a reading at once'
    : `inactive, polling only: ${changes.problem ?? 'not connected yet'}`;
  return [`changes   ${changes.name}: ${state}`];
}

function sampleLines({ samples }: StatusView): string[] {
  if (samples === null) return [];
  return [`samples   ${sampleResults(samples)}`];
}

function connectionLines({ connections }: StatusView): string[] {
  if (connections === null) return [];
  const { states, meter, uncountedPorts } = connections;
  const { connections: metered, forgotten, sampling } = meter;
  const sampled = sampling === 1 ? '' : `, one packet in ${sampling}`;
  const lost = forgotten === 0 ? '' : `, ${whole(forgotten)} forgotten for lack of memory`;
  return [
    `connections ${whole(metered)} counted${sampled}${lost}`,
    ...uncountedPorts.map(({ name, why }) => `          ${name} not counted: ${why}`),
    ...states.map(
      ({ state, connections: n, bitsPerSecond }) =>
        `          ${state}: ${whole(n)}, ${bitRate(bitsPerSecond)}`,
    ),
  ];
}

function guestLines({ guests }: StatusView): string[] {
  return (guests ?? []).map(({ guest, state, agent, hasLease, isLeaving, problem }, i) => {
    const parts = [
      state,
      ...(agent === null ? [] : [`agent ${agent}`, hasLease ? 'with a lease' : 'without a lease']),
      ...(isLeaving ? ['the agent wants to end'] : []),
    ];
    const why = state === 'connected' || problem === null ? '' : ` (${problem})`;
    return (i === 0 ? 'guests' : '').padEnd(10) + `${guest}: ${parts.join(', ')}${why}`;
  });
}

function influxLines({ influx }: StatusView): string[] {
  if (influx === null) return [];
  const { url, database, written, queuedPoints, queuedBytes, dropped, lastSuccess } = influx;
  const lost = Object.values(dropped).reduce((sum, n) => sum + n, 0);
  const last = lastSuccess === null ? 'nothing written yet' : `last write ${lastSuccess}`;
  return [
    `influx    ${database} at ${url}: ${last}`,
    `          ${counted(written, 'point')} written, ${whole(queuedPoints)} queued ` +
      `(${byteCount(queuedBytes)}), ${whole(lost)} dropped`,
  ];
}

function collectorLines({ collector }: StatusView): string[] {
  if (collector === null) return [];
  const { url, written, queuedDecisions, dropped, lastSuccess } = collector;
  const lost = Object.values(dropped).reduce((sum, n) => sum + n, 0);
  const last = lastSuccess === null ? 'nothing sent yet' : `last sent ${lastSuccess}`;
  return [
    `collector ${url}: ${last}`,
    `          ${counted(written, 'decision')} accepted, ${whole(queuedDecisions)} queued, ${whole(lost)} dropped`,
  ];
}

function rate(bitsPerSecond: number | null): string {
  return bitsPerSecond === null ? '-' : bitRate(bitsPerSecond);
}
