import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../../config/load-config.ts';
import { createDaemon } from '../../../daemon/daemon.ts';
import { collectorRecord } from '../../../daemon/decisions/collector-record.ts';
import type { Daemon } from '../../../daemon/lifecycle.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { eventually } from '../../support/eventually.ts';
import { decisionOf } from '../../support/fake-view.ts';
import { freePort } from '../../support/free-port.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { FakeCollector, says } from '../../telemetry/shipping/fake-collector.ts';

describe('the collector of decisions, from the daemon', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  let collector: FakeCollector | undefined;
  let daemon: Daemon | undefined;

  afterEach(async () => {
    await daemon?.stop();
    daemon = undefined;
    await collector?.stop();
    collector = undefined;
  });
  after(() => folder.remove());

  async function started(settings: object): Promise<Daemon> {
    const config = parseConfig(
      JSON.stringify({
        node: { adapter: 'emulator', emulator: { vms: 6, maxFlows: 400 } },
        policies: [join(packageRoot(), 'policies', 'default.json')],
        poll: { periodMs: 30, sourceShare: 0.5 },
        decisions: { collector: { node: 'n1', batch: { waitMs: 20 }, ...settings } },
      }),
      join(folder.path, 'norikae.json'),
    );
    daemon = await createDaemon(config, recordingLog().log);
    await daemon.start(new AbortController().signal);
    return daemon;
  }

  function idsOf(records: readonly unknown[]): readonly string[] {
    return records.map((record) => String(Object(record).decision_id));
  }

  /** All ids that the daemon has recorded, oldest first. */
  function recorded(running: Daemon): readonly string[] {
    const { decisions } = running.view.decisions({ flow: '', limit: 10_000 });
    return decisions.map(({ id }) => id).toReversed();
  }

  it('has the form of a decision log of Open Policy Agent', () => {
    const record = decisionOf({ policy: 'default', revision: 'abc' });
    const sent: unknown = JSON.parse(collectorRecord(record, { node: 'n1', site: 'tokyo' }));
    const { id, time, flow, match, from, inputs, tick, policy: _p, revision: _r, ...rest } = record;
    assert.deepEqual(sent, {
      labels: { node: 'n1', site: 'tokyo' },
      decision_id: id,
      timestamp: time,
      path: 'norikae/placement',
      bundles: { default: { revision: 'abc' } },
      input: { flow, match, from, facts: inputs, tick },
      result: rest,
    });
  });

  it('gets every decision once, in order, with the labels and the token', async () => {
    collector = await FakeCollector.start();
    const tokenFile = join(folder.path, 'token');
    writeFileSync(tokenFile, 'sesame\n', { mode: 0o600 });
    const { url, requests, accepted } = collector;
    const running = await started({ url, tokenFile, labels: { site: 'tokyo' } });
    await eventually('50 decisions', () => accepted.length > 50);
    await running.stop();
    daemon = undefined;
    assert.deepEqual(idsOf(accepted), recorded(running));
    const { labels } = Object(accepted[0]);
    assert.deepEqual([labels.node, labels.site], ['n1', 'tokyo']);
    assert.equal(requests[0].headers.authorization, 'Bearer sesame');
    const { written, dropped, error } = running.view.status().collector ?? {};
    assert.deepEqual([written, error], [accepted.length, null]);
    assert.deepEqual(dropped, { queue: 0, refused: 0, end: 0 });
  });

  it('sends after an outage what it kept, and the status says so meanwhile', async () => {
    const port = await freePort();
    const retry = { minMs: 10, maxMs: 50 };
    const running = await started({ url: `http://127.0.0.1:${port}/logs`, retry });
    await eventually(
      'decisions queue',
      () => (running.view.status().collector?.queuedDecisions ?? 0) > 20,
    );
    await eventually('a request fails', () => running.view.status().collector?.error !== null);
    const { error, failures = 0 } = running.view.status().collector ?? {};
    assert.match(error ?? '', /^the collector cannot be reached: .*ECONNREFUSED/);
    assert.ok(failures > 0);
    collector = await FakeCollector.start(port);
    const { accepted } = collector;
    await eventually('20 decisions', () => accepted.length > 20);
    await running.stop();
    daemon = undefined;
    assert.deepEqual(idsOf(accepted), recorded(running));
  });

  it('drops the oldest beyond the bound of the queue, and counts them', async () => {
    collector = await FakeCollector.start();
    for (let i = 0; i < 10_000; i++) collector.next.push(says(503));
    const running = await started({
      url: collector.url,
      queue: { records: 10 },
      batch: { records: 5, waitMs: 20 },
      retry: { minMs: 10, maxMs: 20 },
      stopMs: 0,
    });
    await eventually(
      'decisions are dropped',
      () => (running.view.status().collector?.dropped.queue ?? 0) > 20,
    );
    collector.next.length = 0;
    const { accepted } = collector;
    await eventually('a decision', () => accepted.length > 0);
    const { queuedDecisions = 0 } = running.view.status().collector ?? {};
    assert.ok(queuedDecisions <= 10);
    const ids = recorded(running);
    assert.ok(!idsOf(accepted).includes(ids[0]), 'the oldest decision is lost');
  });
});
