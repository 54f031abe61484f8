import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { checkPolicies } from '../../../policy-tools/files/policy-files.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { DEFAULT_PLANNER } from '../../../simulation/settings.ts';
import type { PolicySet } from '../../../policy/model/policy-set.ts';
import { parsePolicies } from '../../../policy/parse/parse-policies.ts';
import type { TraceFeed } from '../../../replay/input/feed.ts';
import { buildReport } from '../../../replay/report/build-report.ts';
import type { ReplayReport } from '../../../replay/report/report.ts';
import { simulate } from '../../../replay/run/simulate.ts';
import { TimedFeed } from '../../../replay/input/timed-feed.ts';
import { FlowRecordParser } from '../../../replay/traces/csv.ts';
import type { FlowRecord } from '../../../replay/traces/flow-record.ts';
import { openFeed } from '../../../replay/run/open-feed.ts';
import { RecordTrace } from '../../../replay/traces/record-trace.ts';
import type { TraceSource } from '../../../replay/input/source.ts';
import { POLICY } from '../../policy-tools/fixture.ts';
import { frameOf, ipv4Packet, pcapOf } from '../support/capture-writer.ts';
import { flowRecordLines, generatedCsv } from '../support/generated-trace.ts';
import { sourceOf } from '../support/trace-file.ts';

interface Settings {
  readonly entries?: number;
  readonly periodMs?: number;
  readonly forMs?: number;
  readonly policies?: readonly (readonly [string, PolicySet])[];
}

const encoder = new TextEncoder();
/** Offloads flows with 1,000 packets/s and onloads flows with fewer than 10. */
const FAST = parsePolicies([{ file: 'p.json', text: JSON.stringify(POLICY) }]);

function replay(source: TraceSource, settings: Settings = {}): Promise<ReplayReport> {
  return played(openFeed(source, settings.periodMs ?? 250), source.file, settings);
}

async function played(feed: TraceFeed, file: string, settings: Settings): Promise<ReplayReport> {
  const { entries = 100, periodMs = 250, forMs = Number.POSITIVE_INFINITY } = settings;
  const { policies = [['p', FAST] as const] } = settings;
  const options = {
    candidates: policies.map(([name, set]) => ({ name, policies: set })),
    entries,
    fastPathEntries: 0,
    planner: DEFAULT_PLANNER,
    periodMs,
    packetCostNs: 1000,
    forMs,
  };
  const result = await simulate(feed, options, new AbortController().signal);
  return buildReport({ file, feed, options, result });
}

function csv(...lines: readonly string[]): TraceSource {
  return sourceOf(encoder.encode(`${lines.join('\n')}\n`));
}

function totalOf(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0);
}

/** All traffic of a trace took one of two paths, and every breakdown adds up to the totals. */
function checkSums({ trace, policies, overTime }: ReplayReport): void {
  for (const [i, p] of policies.entries()) {
    assert.equal(p.bytes.vswitch + p.bytes.carried, trace.bytes);
    assert.equal(p.packets.vswitch + p.packets.carried, trace.packets);
    assert.equal(totalOf(p.onVswitch.map((r) => r.bytes)), p.bytes.vswitch);
    assert.equal(totalOf(p.onVswitch.map((r) => r.packets)), p.packets.vswitch);
    assert.equal(totalOf(p.slices.map((s) => s.bytes.carried)), p.bytes.carried);
    assert.equal(totalOf(p.slices.map((s) => s.bytes.vswitch)), p.bytes.vswitch);
    assert.equal(totalOf(overTime.policies[i].vswitchBytes), p.bytes.vswitch);
    assert.equal(totalOf(overTime.policies[i].carriedPackets), p.packets.carried);
  }
}

describe('replay: simulation', () => {
  it('carries an elephant except for heartbeats, and reports what that saved', async () => {
    const report = await replay(csv('100,20,30000000,20000,10.0.0.1,10.0.0.2,6,1,2,red'));
    checkSums(report);
    const [p] = report.policies;
    assert.equal(report.trace.bytes, 30_000_000);
    assert.equal(report.trace.durationMs, 20_250);
    // The traffic of the first tick, then a heartbeat per second.
    assert.ok(p.packets.vswitch >= 250 && p.packets.vswitch <= 250 + 21, `${p.packets.vswitch}`);
    assert.equal(p.hostCpu.savedMs, p.packets.carried / 1000);
    assert.equal(p.hostCpu.packetCostNs, 1000);
    assert.deepEqual([p.entries.max, p.operations.put], [1, 1]);
    assert.equal(p.slices[0].name, 'red');
    assert.equal(p.slices[0].entries.max, 1);
    const placed = p.onVswitch.find((r) => r.reason === 'placed');
    assert.ok(placed !== undefined && placed.packets >= 18 && placed.packets <= 21);
  });

  it('removes the entry of an ended flow and reports its lifetime', async () => {
    const report = await replay(csv('0,5,6000000,10000', '0,30,3000,30'));
    const [p] = report.policies;
    assert.deepEqual(p.operations.put, 1);
    assert.equal(p.operations.deleted, 1);
    assert.equal(p.dwell.thereAtEnd, 0);
    const { p50Ms } = p.dwell;
    assert.ok(p50Ms !== null && p50Ms > 4500 && p50Ms < 5600, `${p50Ms}`);
  });

  it('has consistent totals for arbitrary records', async () => {
    const line = fc
      .tuple(fc.nat(40), fc.nat(15), fc.nat(5000), fc.nat(100), fc.nat(5))
      .map(([start, duration, packets, size, n]) =>
        [start / 2, duration, packets * size, packets, `10.0.0.${n}`, '10.0.1.1', 17, 5, n].join(
          ',',
        ),
      );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 12 }), fc.nat(3), async (lines, entries) => {
        checkSums(await replay(csv(...lines), { entries: entries + 1 }));
      }),
      { numRuns: 40 },
    );
  });

  it('gives the same figures for a trace, alone and together with another policy', async () => {
    const trace = encoder.encode(generatedCsv({ seed: 5, flows: 1500, flowsPerSecond: 60 }));
    const shipped = await checkPolicies([join(packageRoot(), 'policies/heavy-hitters.json')]);
    assert.ok(shipped.ok);
    const both: Settings['policies'] = [
      ['p', FAST],
      ['hitters', shipped.policies],
    ];
    const one = await replay(sourceOf(trace), { entries: 8 });
    const again = await replay(sourceOf(trace, [1000, 1]), { entries: 8 });
    const beside = await replay(sourceOf(trace), { entries: 8, policies: both });
    checkSums(beside);
    assert.deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(one)));
    assert.deepEqual(beside.policies[0], one.policies[0]);
    assert.ok(one.policies[0].bytes.carried > 0);
    assert.notDeepEqual(beside.policies[1].bytes, beside.policies[0].bytes);
  });

  it('skips time without flows and computes correct rates after it', async () => {
    const line = (start: number): string => `${start},2,3000000,4000`;
    const report = await replay(csv(line(0), line(3_000_000_000)));
    checkSums(report);
    assert.ok(report.trace.ticks < 150, `${report.trace.ticks} ticks`);
    assert.match(report.trace.notes.join(), /s without any flow were skipped/);
    // Each flow sent the traffic of one tick through the vSwitch before it was offloaded.
    assert.equal(report.policies[0].operations.put, 2);
    assert.ok(report.overTime.atMs.length <= 512);
  });

  it('reports the traffic before an error, and the error', async () => {
    const report = await replay(csv('0,4,400,4', '1,2,200,2', '2,x,1,1'));
    assert.match(report.trace.failure ?? '', /^trace:3:3: duration_s is a number/);
    const frames = [1, 2, 3].map((seconds) => {
      const data = frameOf(ipv4Packet(), 0x0800);
      return { seconds, units: 0, data, wireBytes: 1000 };
    });
    const whole = pcapOf(frames);
    const cut = await replay(sourceOf(whole.subarray(0, whole.length - 3)));
    checkSums(cut);
    assert.equal(cut.trace.bytes, 2000);
    assert.match(cut.trace.failure ?? '', /^trace at byte \d+: the file ends in the middle/);
    assert.equal(cut.trace.startedAt, null);
  });

  it('plays a capture at its wall-clock time and stops after `forMs`', async () => {
    const at = Date.parse('2026-02-03T04:05:06Z') / 1000;
    const packets = Array.from({ length: 60 }, (_, i) => ({
      seconds: at + i,
      units: 0,
      data: frameOf(ipv4Packet({ sport: 1000 + (i % 3) }), 0x0800),
      wireBytes: 100,
    }));
    const all = await replay(sourceOf(pcapOf(packets)));
    assert.deepEqual([all.trace.format, all.trace.bytes, all.trace.flows], ['pcap', 6000, 3]);
    assert.equal(all.trace.startedAt, '2026-02-03T04:05:06.000Z');
    const part = await replay(sourceOf(pcapOf(packets)), { forMs: 10_000 });
    assert.equal(part.trace.durationMs, 10_000);
    assert.equal(part.trace.bytes, 1000);
  });

  it('frees removed flows: memory does not grow with the trace', async function () {
    this.timeout(120_000);
    const collect = garbageCollector();
    const heaps: number[] = [];
    const parser = new FlowRecordParser('trace');
    async function* batches(): AsyncGenerator<readonly FlowRecord[]> {
      let batch: FlowRecord[] = [];
      let count = 0;
      for (const line of flowRecordLines({ seed: 9, flows: 30_000, flowsPerSecond: 400 })) {
        const record = parser.record(line);
        if (record !== undefined) batch.push(record);
        if (++count % 500 !== 0) continue;
        yield await Promise.resolve(batch);
        batch = [];
        if (count % 5000 !== 0) continue;
        collect();
        const { heapUsed, arrayBuffers } = process.memoryUsage();
        heaps.push(heapUsed + arrayBuffers);
      }
    }
    const feed = new TimedFeed(new RecordTrace(batches()), 250);
    const report = await played(feed, 'trace', { entries: 64 });
    checkSums(report);
    assert.equal(report.trace.flows, 30_000);
    assert.ok(report.trace.maxFlows < 15_000, `${report.trace.maxFlows}`);
    const grown = (heaps.at(-1) ?? Number.POSITIVE_INFINITY) - heaps[1];
    assert.ok(grown < 4e6, `grown by ${grown} bytes over ${heaps.join(', ')}`);
  });
});

/** Forces a garbage collection without a flag of node. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  assert.ok(typeof gc === 'function');
  return () => void gc();
}
