import { byteCount, count, duration, percent } from '../../../text/format.ts';
import type { PolicyReport, ReplayReport } from '../report.ts';
import { escaped, policyColour } from './markup.ts';

/** Compares the policies: a row per figure, a column per policy. */
export function comparisonTable({ policies, trace }: ReplayReport): string {
  const { recorded } = trace;
  const own = (text: string | undefined): string =>
    recorded === null ? '' : `<td>${escaped(text ?? '')}</td>`;
  const line = (name: string, of: (policy: PolicyReport) => string, daemon?: string): string =>
    `<tr><th>${escaped(name)}</th>${policies.map((p) => `<td>${of(p)}</td>`).join('')}${own(daemon)}</tr>`;
  const plain = (of: (policy: PolicyReport) => string) => (policy: PolicyReport) =>
    escaped(of(policy));
  const heads = policies
    .map((p, i) => `<th class="${policyColour(i)}"><i></i>${escaped(p.name)}</th>`)
    .join('');
  const head = `<tr><th></th>${heads}${recorded === null ? '' : '<th>recorded daemon</th>'}</tr>`;
  return `<div class="scroll"><table>${head}
${line('Bytes carried off the vSwitch', (p) => meter(p.byteCoverage), shareText(recorded?.byteCoverage))}
${line('Packets carried', (p) => meter(p.packetCoverage), shareText(recorded?.packetCoverage))}
${line(
  'Host CPU saved (estimate)',
  plain((p) => `${p.hostCpu.savedCpus.toFixed(3)} CPUs`),
)}
${line(
  'CPU time saved (estimate)',
  plain((p) => duration(p.hostCpu.savedMs)),
)}
${line(
  'Entries, mean',
  plain((p) => p.entries.mean.toFixed(1)),
)}
${line(
  'Entries, maximum',
  plain((p) => String(p.entries.max)),
)}
${line(
  'Operations per second, mean',
  plain((p) => p.operations.perSecond.toFixed(1)),
)}
${line(
  'Operations per second, peak tick',
  plain((p) => p.operations.maxPerSecond.toFixed(0)),
)}
${line(
  'Entries installed / deleted',
  plain((p) => `${p.operations.put} / ${p.operations.deleted}`),
)}
${line(
  'Lifetime of entries: 10 %, median',
  plain(({ dwell }) => `${time(dwell.p10Ms)}, ${time(dwell.p50Ms)}`),
)}
${line(
  'Lifetime of entries: 90 %, 99 %',
  plain(({ dwell }) => `${time(dwell.p90Ms)}, ${time(dwell.p99Ms)}`),
)}
${line('Refused by the table', plain(refusals))}
</table></div>`;
}

/** Traffic of one policy through the vSwitch, by reason. */
export function reasonTable(policy: PolicyReport): string {
  const all = policy.bytes.vswitch;
  const rows = policy.onVswitch
    .map(
      (r) =>
        `<tr><th title="${escaped(r.text)}">${escaped(r.reason)}<small>${escaped(r.text)}</small></th><td>${meter(all === 0 ? null : r.bytes / all)}</td><td>${escaped(byteCount(r.bytes))}</td><td>${escaped(count(r.packets))}</td><td>${escaped(count(r.flowSeconds))} s</td></tr>`,
    )
    .join('\n');
  return `<div class="scroll"><table><tr><th>Reason</th><th>Share</th><th>Bytes</th><th>Packets</th><th>Flows x time</th></tr>
${rows}</table></div>`;
}

/** Traffic and entries of one policy by slice. */
export function sliceTable(policy: PolicyReport): string {
  const rows = policy.slices
    .map(
      (s) =>
        `<tr><th>${s.name === null ? '<em>none</em>' : escaped(s.name)}</th><td>${meter(s.byteCoverage)}</td><td>${meter(s.packetCoverage)}</td><td>${escaped(byteCount(s.bytes.vswitch + s.bytes.carried))}</td><td>${s.entries.mean.toFixed(1)}</td><td>${s.entries.max}</td></tr>`,
    )
    .join('\n');
  return `<div class="scroll"><table><tr><th>Slice</th><th>Bytes carried</th><th>Packets carried</th><th>Bytes</th><th>Entries, mean</th><th>Maximum</th></tr>
${rows}</table></div>`;
}

/** A share as a bar and a number. */
function meter(share: number | null): string {
  if (share === null) return '-';
  const width = (share * 100).toFixed(1);
  return `<span class="meter"><span style="width:${width}%"></span></span> ${escaped(percent(share))}`;
}

function shareText(share: number | null | undefined): string {
  return share === null || share === undefined ? '-' : percent(share);
}

function refusals({ refusals: all }: PolicyReport): string {
  return all.length === 0 ? 'none' : all.map((r) => `${r.count} ${r.code}`).join(', ');
}

function time(ms: number | null): string {
  return ms === null ? '-' : duration(ms);
}
