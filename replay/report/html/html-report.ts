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
 * The report as one self-contained HTML page: it includes its style, script and charts, and its
 * content security policy forbids all requests.
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
      : `<p class="bad">Only a part of the trace was read: ${escaped(trace.failure)}</p>`;
  return `<h1>Replay of ${escaped(trace.file)}</h1>
<p>${escaped(`${trace.format}, ${duration(trace.durationMs)}${from}: ${byteCount(trace.bytes)} in ${count(trace.packets)} packets, ${bitRate(rate)}, ${counted(trace.flows, 'flow')}, at most ${trace.maxFlows} at a time`)}</p>
<p class="soft">${escaped(`Table of ${settings.entries} entries${fast}; ${packetCostText(report)}.`)}</p>
${notes}${failure}`;
}

function charts(report: ReplayReport): readonly TimeChart[] {
  const { overTime, policies, trace, settings } = report;
  const { atMs, bucketMs, coveredMs } = overTime;
  const common = {
    atMs,
    bucketMs,
    durationMs: trace.durationMs,
    startedMs: trace.startedAt === null ? undefined : Date.parse(trace.startedAt),
  };
  /** Values per second; null where there was no tick. */
  const rate = (values: readonly number[], factor = 1): readonly (number | null)[] =>
    values.map((v, i) => (coveredMs[i] > 0 ? (v * 1000 * factor) / coveredMs[i] : null));
  const lines = (of: (index: number) => readonly (number | null)[]): readonly Series[] =>
    policies.map((p, i) => ({ name: p.name, colour: policyColour(i), values: of(i) }));
  const duringTicks = (values: readonly number[]): readonly (number | null)[] =>
    values.map((v, i) => (coveredMs[i] > 0 ? v : null));
  const all = overTime.policies;
  const maxRate = Math.max(
    0,
    ...rate(
      all[0].vswitchBytes.map((v, i) => v + all[0].carriedBytes[i]),
      8,
    ).map((v) => v ?? 0),
  );
  const tableSize = settings.entries + settings.fastPathEntries;
  const maxEntries = Math.max(0, ...policies.map((p) => p.entries.max));
  return [
    ...policies.map(
      (p, i): TimeChart => ({
        ...common,
        title: policies.length === 1 ? 'Traffic by path' : `Traffic by path: ${p.name}`,
        caption: 'carried by entries and, stacked, through the vSwitch',
        kind: 'areas',
        series: [
          { name: 'carried', colour: 'carried', values: rate(all[i].carriedBytes, 8) },
          { name: 'vSwitch', colour: 'vswitch', values: rate(all[i].vswitchBytes, 8) },
        ],
        text: bitRate,
        minTop: maxRate,
      }),
    ),
    {
      ...common,
      title: 'Bytes carried',
      caption: 'share of bytes that did not go through the vSwitch',
      kind: 'lines',
      series: lines((i) => shares(all[i].carriedBytes, all[i].vswitchBytes)),
      text: percent,
      minTop: 1,
    },
    {
      ...common,
      title: 'Packets carried',
      caption: 'share of packets; host CPU time depends on packets',
      kind: 'lines',
      series: lines((i) => shares(all[i].carriedPackets, all[i].vswitchPackets)),
      text: percent,
      minTop: 1,
    },
    {
      ...common,
      title: 'Entries in use',
      caption: `of ${tableSize}`,
      kind: 'lines',
      series: lines((i) => duringTicks(all[i].entries)),
      text: count,
      // A limit far above all lines would flatten them.
      ...(maxEntries > tableSize / 3
        ? { limit: { value: tableSize, name: 'the size of the table' } }
        : {}),
    },
    {
      ...common,
      title: 'Flows',
      caption: 'flows in the vSwitch',
      kind: 'lines',
      series: [{ name: 'flows', colour: 'soft', values: duringTicks(all[0].flows) }],
      text: count,
    },
    {
      ...common,
      title: 'Operations per second',
      caption: 'entries installed and deleted',
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
