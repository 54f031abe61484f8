import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { loadConfig } from '../../config/load-config.ts';
import type { FlowQuery } from '../../api/flow-views.ts';
import { createDaemon } from '../../daemon/daemon.ts';
import type { Daemon } from '../../daemon/lifecycle.ts';
import { EmulatedDaemon } from '../../dashboards/emulated-daemon.ts';
import { packageRoot } from '../../platform/package-root.ts';

const ALL: FlowQuery = { sort: 'packets', limit: 50, words: [] };

describe('view of a daemon on the emulated node', function () {
  this.timeout(30_000);
  let daemon: Daemon;

  before(async () => {
    const config = await loadConfig(`${packageRoot()}/config/emulated.json`);
    daemon = await createDaemon(config, pino({ level: 'silent' }));
    await daemon.start(new AbortController().signal);
    for (let i = 0; i < 200 && !settled(daemon); i++) await sleep(50);
  });

  after(() => daemon.stop());

  it('shows offloaded flows', () => {
    const status = daemon.view.status();
    assert.ok(status.flows.offload >= 50, JSON.stringify(status.flows));
    assert.ok(status.tick.fresh);
    assert.equal(status.backend?.started, true);
    const ageMs = status.backend.verifiedAgeMs ?? Number.POSITIVE_INFINITY;
    assert.ok(ageMs >= 0 && ageMs < 2_000, `verified ${ageMs} ms ago`);
    assert.ok(status.sources.every((s) => s.fresh));
    assert.ok((status.hostCpu ?? 0) > 0);
    assert.deepEqual(JSON.parse(JSON.stringify(status)), status);
  });

  it('shows slices and paths, and their history', () => {
    const status = daemon.view.status();
    assert.deepEqual(status.slices.map((s) => s.name).toSorted(), ['blue', 'gold', 'green', 'red']);
    const places = ['onload', 'offload'] as const;
    for (const place of places) {
      const ofSlices = status.slices.reduce((sum, s) => sum + s.flows[place], 0);
      assert.ok(ofSlices > 0 && ofSlices <= status.flows[place]);
      const bits = status.slices.reduce((sum, s) => sum + s.bitsPerSecond[place], 0);
      assert.ok(bits > 0 && bits <= status.bitsPerSecond[place] * 1.001);
    }
    assert.ok(status.paths.nic.bytes > 0 && status.paths.vswitch.bytes > 0);
    assert.ok(status.coverage.bytes !== null && status.coverage.bytes > 0);
    const { timeMs, nicBitsPerSecond } = daemon.view.history().columns;
    assert.ok(timeMs.length > 0 && timeMs.length === nicBitsPerSecond.length);
    assert.ok(Math.abs(timeMs[timeMs.length - 1] - Date.now()) < 5_000);
  });

  it('filters flows, largest first', async () => {
    const offloaded = await daemon.view.flows({ ...ALL, placement: 'offload' });
    assert.ok(offloaded.flows.length > 0);
    assert.ok(offloaded.flows.every((f) => f.placement === 'offload'));
    const rates = offloaded.flows.map((f) => f.packetsPerSecond);
    assert.deepEqual(
      rates,
      [...rates].sort((a, b) => b - a),
    );
    const blue = await daemon.view.flows({ ...ALL, slice: 'blue' });
    assert.ok(blue.matching > 0 && blue.matching < blue.total);
    assert.ok(blue.flows.every((f) => f.slice === 'blue'));
    const [flow] = blue.flows;
    const onPort = await daemon.view.flows({ ...ALL, port: flow.inPort, limit: 10_000 });
    assert.ok(onPort.flows.some((f) => f.id === flow.id));
    assert.equal((await daemon.view.flows({ ...ALL, words: [flow.id] })).matching, 1);
  });

  it('explains an offloaded flow and another flow, with rules and numbers', async () => {
    for (const placement of ['offload', 'onload'] as const) {
      const [flow] = (await daemon.view.flows({ ...ALL, placement })).flows;
      const answer = await daemon.view.why(flow.id);
      assert.ok(answer.found);
      assert.equal(answer.why.flow.id, flow.id);
      assert.notEqual(answer.why.flow.reason.code, 'unseen');
      assert.ok(answer.why.rules.length >= 2);
      assert.ok(answer.why.limits.tableEntries > 0);
      // The default policy scores by worth, so the swap gain is known and no flow has a hold time.
      const { requested } = answer.why.flow;
      if (requested === 'offload') assert.equal(answer.why.limits.holdLeftMs, 0);
      assert.deepEqual(JSON.parse(JSON.stringify(answer)), answer);
    }
  });

  it('lists candidates for an ambiguous prefix, and finds nothing for an unknown one', async () => {
    const several = await daemon.view.why('');
    assert.ok(!several.found && several.candidates.length === 10);
    const none = await daemon.view.why('zzz');
    assert.ok(!none.found && none.candidates.length === 0);
  });

  it('onloads everything on onload-all, and places flows again after resume', async () => {
    const { withdrawn } = await daemon.view.onloadAll();
    assert.ok(withdrawn > 0);
    assert.equal(daemon.view.status().backend?.used, 0);
    await sleep(1500);
    const held = daemon.view.status();
    assert.ok(held.held);
    assert.equal(held.flows.offload, 0);
    await daemon.view.resume();
    for (let i = 0; i < 100 && daemon.view.status().flows.offload === 0; i++) await sleep(50);
    assert.ok(daemon.view.status().flows.offload > 0);
  });

  it('reloads its policies', async () => {
    const reloaded = await daemon.view.reload();
    assert.ok(reloaded.ok && reloaded.rules >= 2);
  });
});

describe('view of declared slices on the emulated node', function () {
  this.timeout(40_000);
  let node: EmulatedDaemon;

  before(async () => {
    node = await EmulatedDaemon.start();
    await node.untilPlaced();
  });

  after(() => node?.stop());

  it('has shares that add up to the table, with the same words everywhere', () => {
    const { backends, slices } = node.daemon.view.status();
    const [nic] = backends;
    assert.deepEqual(
      nic.shares.map((s) => s.slice),
      [null, 'gold', 'silver'],
    );
    assert.ok(nic.learnedEntries > 0 && nic.learnedEntries <= nic.entries);
    const due = nic.shares.reduce((sum, s) => sum + s.share, 0);
    assert.ok(due > 0 && due <= nic.entries, `${due} of ${nic.entries}`);
    const gold = slices.find((s) => s.name === 'gold');
    const share = nic.shares.find((s) => s.slice === 'gold');
    assert.ok(gold !== undefined && share !== undefined);
    assert.deepEqual(
      [gold.guaranteedEntries, gold.wantedEntries, gold.shareEntries, gold.usedEntries],
      [share.guaranteed, share.wanted, share.share, share.used],
    );
    // Shares divide the learned entries, which refusals may have changed since.
    assert.ok(share.guaranteed > 0 && share.guaranteed <= 0.3 * nic.entries);
    assert.ok(share.used > 0 && share.used <= share.maximum);
    const plain = slices.filter((s) => s.name !== 'gold' && s.name !== 'silver');
    assert.ok(plain.length > 0 && plain.every((s) => s.shareEntries === null));
    assert.ok(nic.threshold !== null && nic.operationsLeft !== null);
    assert.ok(nic.limits.some((l) => l.name === 'p0 send' && l.bitsPerSecond === 10e9));
  });

  it('explains a flow that its slice limits, with its worth and ports', async () => {
    const { view } = node.daemon;
    const { flows } = await view.flows({ ...ALL, slice: 'gold', placement: 'offload' });
    let limited = 0;
    for (const { id } of flows.slice(0, 10)) {
      const answer = await view.why(id);
      if (!answer.found) continue;
      const { limits, flow } = answer.why;
      assert.equal(limits.share?.slice, 'gold');
      assert.ok(limits.worth >= 0);
      const own = [flow.inPort, ...flow.outPorts].filter((port) => /^p\d$/.test(port));
      assert.deepEqual(
        limits.throughput.map((l) => l.name.split(' ')[0]),
        own,
      );
      limited += own.length;
      assert.deepEqual(JSON.parse(JSON.stringify(answer)), answer);
    }
    assert.ok(limited > 0, 'no flow of the slice goes to the network');
    const plain = await view.flows({ ...ALL, placement: 'offload' });
    const other = plain.flows.find((f) => f.slice !== 'gold' && f.slice !== 'silver');
    assert.ok(other !== undefined);
    const answer = await view.why(other.id);
    assert.ok(!answer.found || answer.why.limits.share?.slice === null);
  });
});

/** Some flows are offloaded, and the host has been sampled twice. */
function settled(daemon: Daemon): boolean {
  const status = daemon.view.status();
  return status.flows.offload >= 50 && status.hostCpu !== null;
}
