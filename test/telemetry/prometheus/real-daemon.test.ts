import assert from 'node:assert/strict';
import { EmulatedDaemon } from '../../../dashboards/emulated-daemon.ts';
import { needs } from '../../support/needs.ts';
import { runToEnd } from '../../support/programs.ts';

const TOP_FLOWS = 3;

describe('metrics of a running daemon', () => {
  let daemon: EmulatedDaemon;

  before(async function () {
    this.timeout(40_000);
    daemon = await EmulatedDaemon.start({ topFlows: TOP_FLOWS });
    await daemon.untilPlaced();
  });

  after(() => daemon?.stop());

  async function value(sample: string): Promise<number> {
    const line = (await daemon.metrics()).split('\n').find((l) => l.startsWith(`${sample} `));
    assert.ok(line !== undefined, `there is no ${sample}`);
    return Number(line.slice(sample.length + 1));
  }

  it('pass promtool check metrics', async function () {
    needs(this, 'promtool');
    const input = await daemon.metrics();
    const { code, output } = await runToEnd('promtool', ['check', 'metrics'], { input });
    assert.deepEqual([code, output], [0, '']);
  });

  it('are consistent: sums over slices and reasons match those of the node', async () => {
    const text = await daemon.metrics();
    const sum = (name: string): number =>
      [...text.matchAll(new RegExp(`^${name}\\{.*\\} (.*)$`, 'gm'))]
        .map((m) => Number(m[1]))
        .reduce((a, b) => a + b, 0);
    const all = sum('norikae_traffic_bytes_total');
    assert.ok(all > 0);
    const bySlice = sum('norikae_slice_traffic_bytes_total');
    // Traffic that a backend reports for a flow that has left has no slice.
    assert.ok(bySlice > 0.5 * all && bySlice <= all, `${bySlice} of ${all}`);
    assert.equal(sum('norikae_flows_by_reason'), sum('norikae_flows'));
  });

  it('list the configured number of flows', async () => {
    const text = await daemon.metrics();
    const top = text.match(/^norikae_top_flow_bytes_per_second\{.*$/gm) ?? [];
    assert.equal(top.length, TOP_FLOWS);
  });

  it('show reaction times, the remaining lease, and operations', async () => {
    assert.ok((await value('norikae_reaction_seconds_count')) > 0);
    const left = await value('norikae_lease_left_seconds{backend="emulated-nic"}');
    const lease = await value('norikae_lease_seconds{backend="emulated-nic"}');
    assert.ok(left > 0 && left <= lease, `${left} of ${lease} s`);
    const installed = 'backend="emulated-nic",kind="put",outcome="installed"';
    assert.ok((await value(`norikae_operations_total{${installed}}`)) > 0);
    assert.equal(await value('norikae_table_entries{backend="emulated-nic"}'), 200);
  });
});
