import { PLACEMENT_NAMES } from '../engine/model/flow.ts';
import type { StatusView } from '../api/status-view.ts';
import { PATHS } from '../api/paths.ts';
import { entriesInUse, HELD, olderPolicies, verifiedAgo } from '../api/status-words.ts';
import { bitRate, counted, duration, percent, whole } from '../text/format.ts';
import type { Colours } from '../platform/terminal.ts';
import { fitted, printable } from '../platform/text-table.ts';
import { wrapParts } from '../platform/wrap-parts.ts';

/** The node in a few lines of at most `width` columns, with warnings in colour. */
export function nodeSummary(status: StatusView, width: number, colours: Colours): string[] {
  const plain = (text: string): string => fitted(printable(text), width, 'left').trimEnd();
  const { tick, flows, bitsPerSecond } = status;
  const total = Object.values(flows).reduce((sum, n) => sum + n, 0);
  const lines = [
    colours.bold(plain(`norikae  ${status.node}`)),
    ...wrapParts(
      [
        `up ${duration(status.uptimeMs)}`,
        `tick ${tick.sequence}, ${duration(tick.elapsedMs)} every ${duration(tick.periodMs)}`,
        ...(status.backends.length === 0 ? [] : [verifiedAgo(status.backends)]),
        `host CPU ${status.hostCpu === null ? '-' : percent(status.hostCpu)}`,
        counted(total, 'flow'),
      ],
      width,
    ).map(plain),
    ...wrapParts(
      [
        ...PLACEMENT_NAMES.filter((p) => p !== 'fast-path' || flows[p] > 0).map(
          (p) => `${PATHS[p].name} ${bitRate(bitsPerSecond[p])} in ${counted(flows[p], 'flow')}`,
        ),
        ...backendTexts(status),
      ],
      width,
    ).map(plain),
  ];
  for (const warning of warnings(status)) lines.push(colours.yellow(plain(warning)));
  return lines;
}

function backendTexts({ backends }: StatusView): readonly string[] {
  if (backends.length === 0) return ['no backend'];
  return backends.map((b) =>
    b.placement === 'offload'
      ? `table ${entriesInUse(b)}, ${b.masksUsed} masks`
      : `switch ${whole(b.used)} of ${counted(b.entries, 'rule')}`,
  );
}

function warnings(status: StatusView): string[] {
  const lines: string[] = [];
  if (status.held) lines.push(`held: ${HELD}${since(status.heldSince)}`);
  for (const source of status.sources) {
    if (source.fresh) continue;
    const age = source.ageMs === null ? 'never read' : `${duration(source.ageMs)} old`;
    lines.push(`stale: ${source.name}, ${age}${source.error === null ? '' : `: ${source.error}`}`);
  }
  const { backends, policies, influx, collector } = status;
  for (const b of backends) {
    if (b.started && b.error === null) continue;
    lines.push(`backend ${b.name}: ${b.error ?? 'not started yet'}`);
  }
  if (influx !== null && influx.error !== null) {
    lines.push(`InfluxDB: ${influx.error}; ${whole(influx.queuedPoints)} points queued`);
  }
  if (collector !== null && collector.error !== null) {
    const queued = whole(collector.queuedDecisions);
    lines.push(`collector: ${collector.error}; ${queued} decisions queued`);
  }
  if (policies.problems.length > 0) {
    lines.push(`policies: the last reload failed, ${olderPolicies(policies.problems[0])}`);
  }
  return lines;
}

function since(heldSince: string | null): string {
  return heldSince === null ? '' : ` (since ${heldSince})`;
}
