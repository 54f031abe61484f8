import type { StatusView } from '../api/status-view.ts';
import { bitRate, duration, percent } from '../text/format.ts';
import { entriesInUse } from './limit-words.ts';
import type { Colours } from '../platform/terminal.ts';
import { fitted, printable } from '../platform/text-table.ts';

/** The node in a few lines of at most `width` characters; what needs a look is in colour. */
export function nodeSummary(status: StatusView, width: number, colours: Colours): string[] {
  const plain = (text: string): string => fitted(printable(text), width, 'left').trimEnd();
  const { tick, flows, bitsPerSecond } = status;
  const total = Object.values(flows).reduce((sum, n) => sum + n, 0);
  const lines = [
    colours.bold(plain(`norikae  ${status.node}`)),
    ...wrapped(
      [
        `up ${duration(status.uptimeMs)}`,
        `tick ${tick.sequence}, ${duration(tick.elapsedMs)} every ${duration(tick.periodMs)}`,
        `host CPU ${status.hostCpu === null ? '-' : percent(status.hostCpu)}`,
        `${total} flows`,
      ],
      width,
    ).map(plain),
    ...wrapped(
      [
        `vSwitch ${bitRate(bitsPerSecond.onload)} in ${flows.onload} flows`,
        `NIC ${bitRate(bitsPerSecond.offload)} in ${flows.offload} flows`,
        ...(flows['fast-path'] === 0
          ? []
          : [`fast path ${bitRate(bitsPerSecond['fast-path'])} in ${flows['fast-path']} flows`]),
        ...backendTexts(status),
      ],
      width,
    ).map(plain),
  ];
  for (const warning of warnings(status)) lines.push(colours.yellow(plain(warning)));
  return lines;
}

/** Parts on one line, or on as many as it takes; none is cut that is not too long itself. */
function wrapped(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const line = lines.at(-1);
    const longer = `${line} · ${part}`;
    if (line !== undefined && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}

function backendTexts({ backends }: StatusView): readonly string[] {
  if (backends.length === 0) return ['no backend'];
  return backends.map((b) =>
    b.placement === 'offload'
      ? `table ${entriesInUse(b)}, ${b.masksUsed} masks`
      : `switch ${b.used} of ${b.entries} rules`,
  );
}

function warnings(status: StatusView): string[] {
  const lines: string[] = [];
  if (status.held) lines.push('held: everything stays on the vSwitch until `norikae resume`');
  for (const source of status.sources) {
    if (source.fresh) continue;
    const age = source.ageMs === null ? 'never read' : `${duration(source.ageMs)} old`;
    lines.push(`stale: ${source.name}, ${age}${source.error === null ? '' : `: ${source.error}`}`);
  }
  const { backends, policies, influx } = status;
  for (const b of backends) {
    if (b.started && b.error === null) continue;
    lines.push(`backend ${b.name}: ${b.error ?? 'not started yet'}`);
  }
  if (influx !== null && influx.error !== null) {
    lines.push(`InfluxDB: ${influx.error}; ${influx.queuedPoints} points wait`);
  }
  if (policies.problems.length > 0) {
    lines.push(
      `policies: the last reload failed, older ones are in force: ${policies.problems[0]}`,
    );
  }
  return lines;
}
