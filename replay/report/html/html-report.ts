import { createHash } from 'node:crypto';
import { bitRate, byteCount, count, counted, duration, percent } from '../../../text/format.ts';
import { packetCostText } from '../packet-cost-text.ts';
import type { PolicyReport, ReplayReport } from '../report.ts';
import { dwellChart } from './dwell-chart.ts';
import { escaped, policyColour } from './markup.ts';
import { SCRIPT, STYLE } from './page-parts.ts';
import { comparisonTable, reasonTable, sliceTable } from './tables.ts';
import { type Series, type TimeChart, timeChart } from './time-chart.ts';

/**
 * The report as one page that needs nothing else: style, script and pictures are in it, and its own
 * policy keeps it from asking for anything.
 */
export function htmlReport(report: ReplayReport): string {
  const { trace, policies } = report;
  const hash = createHash('sha256').update(SCRIPT).digest('base64');
  const security = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
  const each = (make: (policy: PolicyReport) => string): string =>
    policies
      .map((p, i) => {
        const name =
          policies.length === 1
            ? ''
            : `<p class="key ${policyColour(i)}"><i></i><strong>${escaped(p.name)}</strong></p>`;
        return `<div class="card">${name}${make(p)}</div>`;
      })
      .join('\n');
  const sliced = policies.some((p) => p.slices.some((s) => s.name !== null));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escaped(security)}">
<title>${escaped(`Replay of ${trace.file}`)}</title><style>${STYLE}</style></head><body><main>
${heading(report)}
<div class="card">${comparisonTable(report)}</div>
<h2>Over time</h2>
<div class="grid-of-cards">
${charts(report).map(timeChart).join('\n')}
${dwellChart(policies)}
</div>
<h2>Why packets went through the vSwitch</h2>
<div class="grid-of-cards wide">${each(reasonTable)}</div>
${sliced ? `<h2>Slices</h2>\n<div class="grid-of-cards wide">${each(sliceTable)}</div>` : ''}
</main><script>${SCRIPT}</script></body></html>
`;
}

function heading(report: ReplayReport): string {
  const { trace, settings } = report;
  const rate = trace.durationMs === 0 ? 0 : (trace.bytes * 8000) / trace.durationMs;
  const from = trace.startedAt === null ? '' : `, from ${trace.startedAt}`;
  const fast =
    settings.fastPathEntries === 0 ? '' : `, fast path of ${settings.fastPathEntries} entries`;
  const notes = trace.notes.map((note) => `<p class="soft">${escaped(note)}</p>`).join('');
  const failure =
    trace.failure === null
      ? ''
      : `<p class="bad">Only a part of the trace: ${escaped(trace.failure)}</p>`;
  return `<h1>Replay of ${escaped(trace.file)}</h1>
<p>${escaped(`${trace.format}, ${duration(trace.durationMs)}${from}: ${byteCount(trace.bytes)} in ${count(trace.packets)} packets, ${bitRate(rate)}, ${counted(trace.flows, 'flow')}, at most ${trace.mostFlows} at a time`)}</p>
<p class="soft">${escaped(`Table of ${settings.entries} entries${fast}; ${packetCostText(report)}.`)}</p>
${notes}${failure}`;
}

function charts(report: ReplayReport): readonly TimeChart[] {
  const { overTime, policies, trace, settings } = report;
  const { atMs, bucketMs, coveredMs } = overTime;
  const frame = {
    atMs,
    bucketMs,
    durationMs: trace.durationMs,
    startedMs: trace.startedAt === null ? undefined : Date.parse(trace.startedAt),
  };
  /** A value a second; null where no tick was. */
  const rate = (values: readonly number[], factor = 1): readonly (number | null)[] =>
    values.map((v, i) => (coveredMs[i] > 0 ? (v * 1000 * factor) / coveredMs[i] : null));
  const lines = (of: (index: number) => readonly (number | null)[]): readonly Series[] =>
    policies.map((p, i) => ({ name: p.name, colour: policyColour(i), values: of(i) }));
  const here = (values: readonly number[]): readonly (number | null)[] =>
    values.map((v, i) => (coveredMs[i] > 0 ? v : null));
  const all = overTime.policies;
  const most = Math.max(
    0,
    ...rate(
      all[0].vswitchBytes.map((v, i) => v + all[0].carriedBytes[i]),
      8,
    ).map((v) => v ?? 0),
  );
  const room = settings.entries + settings.fastPathEntries;
  const mostEntries = Math.max(0, ...policies.map((p) => p.entries.most));
  return [
    ...policies.map(
      (p, i): TimeChart => ({
        ...frame,
        title: policies.length === 1 ? 'Traffic by path' : `Traffic by path: ${p.name}`,
        caption: 'what an entry carried, and what went through the vSwitch on top of it',
        kind: 'areas',
        series: [
          { name: 'carried', colour: 'carried', values: rate(all[i].carriedBytes, 8) },
          { name: 'vSwitch', colour: 'vswitch', values: rate(all[i].vswitchBytes, 8) },
        ],
        text: bitRate,
        reach: most,
      }),
    ),
    {
      ...frame,
      title: 'Bytes carried',
      caption: 'share of all bytes that did not go through the vSwitch',
      kind: 'lines',
      series: lines((i) => shares(all[i].carriedBytes, all[i].vswitchBytes)),
      text: percent,
      reach: 1,
    },
    {
      ...frame,
      title: 'Packets carried',
      caption: 'the same of packets: what the host CPU feels',
      kind: 'lines',
      series: lines((i) => shares(all[i].carriedPackets, all[i].vswitchPackets)),
      text: percent,
      reach: 1,
    },
    {
      ...frame,
      title: 'Entries in use',
      caption: `of ${room}`,
      kind: 'lines',
      series: lines((i) => here(all[i].entries)),
      text: count,
      // Far above all lines it would only press them down.
      ...(mostEntries > room / 3 ? { limit: { value: room, name: 'the size of the table' } } : {}),
    },
    {
      ...frame,
      title: 'Flows',
      caption: 'that the vSwitch had',
      kind: 'lines',
      series: [{ name: 'flows', colour: 'soft', values: here(all[0].flows) }],
      text: count,
    },
    {
      ...frame,
      title: 'Operations a second',
      caption: 'entries put and deleted',
      kind: 'lines',
      series: lines((i) => rate(all[i].operations)),
      text: count,
    },
  ];
}

function shares(
  carried: readonly number[],
  vswitch: readonly number[],
): readonly (number | null)[] {
  return carried.map((c, i) => (c + vswitch[i] > 0 ? c / (c + vswitch[i]) : null));
}
