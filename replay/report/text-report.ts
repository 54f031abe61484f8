import { bitRate, byteCount, count, counted, duration, percent } from '../../text/format.ts';
import type { Colours } from '../../platform/terminal.ts';
import { type Column, textTable } from '../../platform/text-table.ts';
import { packetCostText } from './packet-cost-text.ts';
import type { PolicyReport, ReasonReport, ReplayReport, SliceReport } from './report.ts';

/** Maximum of reasons listed per policy. */
const MAX_REASONS = 8;
/** Maximum of slices listed per policy. */
const MAX_SLICES = 12;

/** A report as text, in lines of at most `width` characters. */
export function textReport(report: ReplayReport, width: number, colours: Colours): string[] {
  const { trace, settings, policies } = report;
  const fast = settings.fastPathEntries;
  return [
    ...traceLines(report),
    ...trace.notes.map((note) => colours.dim(`note: ${note}`)),
    ...(trace.failure === null
      ? []
      : [colours.red(`only a part of the trace was read: ${trace.failure}`)]),
    '',
    `entries of the table: ${settings.entries}${fast === 0 ? '' : `, of the fast path: ${fast}`}; ` +
      packetCostText(report),
    '',
    ...comparison(report, width, colours),
    ...policies.flatMap((policy) => policyLines(policy, policies.length > 1, width, colours)),
  ];
}

function traceLines({ trace }: ReplayReport): readonly string[] {
  const from = trace.startedAt === null ? '' : ` from ${trace.startedAt}`;
  const rate = trace.durationMs === 0 ? 0 : (trace.bytes * 8000) / trace.durationMs;
  return [
    `${trace.file} (${trace.format}): ${duration(trace.durationMs)}${from}, ${counted(trace.ticks, 'tick')}`,
    `${byteCount(trace.bytes)} in ${count(trace.packets)} packets, ${bitRate(rate)}; ` +
      `${counted(trace.flows, 'flow')}, at most ${trace.maxFlows} at a time`,
  ];
}

/** A line per figure, a column per policy. */
function comparison(report: ReplayReport, width: number, colours: Colours): string[] {
  const { policies, trace } = report;
  const { recorded } = trace;
  const lines: { readonly name: string; readonly cells: readonly string[] }[] = [
    figure('bytes carried', policies, (p) => shareText(p.byteCoverage)),
    figure('packets carried', policies, (p) => shareText(p.packetCoverage)),
    figure('host CPU saved (estimate)', policies, ({ hostCpu }) => cpus(hostCpu.savedCpus)),
    figure('entries, mean / maximum', policies, ({ entries }) =>
      pair(entries.mean.toFixed(0), String(entries.max)),
    ),
    figure('operations/s, mean / peak', policies, ({ operations: o }) =>
      pair(o.perSecond.toFixed(1), o.maxPerSecond.toFixed(0)),
    ),
    figure('lifetime of entries, median / 90 %', policies, ({ dwell }) =>
      pair(time(dwell.p50Ms), time(dwell.p90Ms)),
    ),
    figure('refused by the table', policies, ({ refusals }) =>
      refusals.length === 0 ? 'none' : refusals.map((r) => `${r.count} ${r.code}`).join(', '),
    ),
  ];
  const columns: Column<(typeof lines)[number]>[] = [
    { title: '', align: 'left', text: (line) => line.name },
    ...policies.map(({ name }, i) => ({
      title: name,
      align: 'right' as const,
      text: (line: (typeof lines)[number]) => line.cells[i],
    })),
  ];
  const own =
    recorded === null
      ? []
      : [
          colours.dim(
            `the recorded daemon carried ${shareText(recorded.byteCoverage)} of the bytes and ` +
              `${shareText(recorded.packetCoverage)} of the packets`,
          ),
        ];
  return [...textTable(columns, lines, width, colours.dim), ...own];
}

function figure(
  name: string,
  policies: readonly PolicyReport[],
  cell: (policy: PolicyReport) => string,
) {
  return { name, cells: policies.map(cell) };
}

function policyLines(
  policy: PolicyReport,
  named: boolean,
  width: number,
  colours: Colours,
): string[] {
  const title = (text: string): string => colours.bold(named ? `${policy.name}: ${text}` : text);
  const sliced = policy.slices.some((s) => s.name !== null);
  return [
    '',
    title('on the vSwitch, by reason'),
    ...textTable(REASON_COLUMNS, policy.onVswitch.slice(0, MAX_REASONS), width, colours.dim),
    ...(sliced
      ? [
          '',
          title('slices'),
          ...textTable(SLICE_COLUMNS, policy.slices.slice(0, MAX_SLICES), width, colours.dim),
        ]
      : []),
  ];
}

const REASON_COLUMNS: readonly Column<ReasonReport>[] = [
  { title: 'REASON', align: 'left', text: (r) => r.reason },
  { title: 'BYTES', align: 'right', text: (r) => byteCount(r.bytes) },
  { title: 'PACKETS', align: 'right', text: (r) => count(r.packets) },
  { title: 'FLOWS x TIME', align: 'right', text: (r) => `${count(r.flowSeconds)} s` },
  { title: 'WHAT IT MEANS', align: 'left', text: (r) => r.text },
];

const SLICE_COLUMNS: readonly Column<SliceReport>[] = [
  { title: 'SLICE', align: 'left', text: (s) => s.name ?? '-' },
  { title: 'BYTES', align: 'right', text: (s) => byteCount(s.bytes.vswitch + s.bytes.carried) },
  { title: 'CARRIED', align: 'right', text: (s) => shareText(s.byteCoverage) },
  { title: 'PACKETS CARRIED', align: 'right', text: (s) => shareText(s.packetCoverage) },
  { title: 'ENTRIES, MEAN', align: 'right', text: (s) => s.entries.mean.toFixed(1) },
  { title: 'MAXIMUM', align: 'right', text: (s) => String(s.entries.max) },
];

function shareText(share: number | null): string {
  return share === null ? '-' : percent(share);
}

function time(ms: number | null): string {
  return ms === null ? '-' : duration(ms);
}

function cpus(value: number): string {
  return `${value < 0.1 ? value.toFixed(3) : value.toFixed(2)} CPUs`;
}

function pair(a: string, b: string): string {
  return `${a} / ${b}`;
}
