import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../config/load-config.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { parsePolicies } from '../../policy/parse/parse-policies.ts';
import type { PolicySet } from '../../policy/model/policy-set.ts';
import { openTrace } from '../../replay/input/source.ts';
import { buildReport } from '../../replay/report/build-report.ts';
import { openFeed } from '../../replay/run/open-feed.ts';
import { simulate } from '../../replay/run/simulate.ts';
import { DEFAULT_PLANNER } from '../../simulation/settings.ts';

// Files as the first version shipped and wrote them. They are never changed.
const FOLDER = join(packageRoot(), 'test/compatibility/first-version');

function read(name: string): { file: string; text: string } {
  const file = join(FOLDER, name);
  return { file, text: readFileSync(file, 'utf8') };
}

function policyOf(name: string): PolicySet {
  return parsePolicies([read(`policies/${name}`)]);
}

describe('files of the first version', () => {
  it('configurations are read, with the settings that they had', () => {
    const host = read('config/host.json');
    const { backend, planner, poll, onExit } = parseConfig(host.text, host.file);
    assert.deepEqual(
      [backend.adapter, backend.entries, backend.masks, backend.leaseMs, backend.heartbeatMs],
      ['xdp', 8192, 32, 2000, 1000],
    );
    assert.deepEqual([planner.minHoldMs, planner.operationsPerSecond], [2000, 4000]);
    assert.deepEqual([poll.periodMs, poll.maxPeriodMs, onExit], [250, 2000, 'withdraw']);
    const emulated = read('config/emulated.json');
    const { node, http } = parseConfig(emulated.text, emulated.file);
    assert.deepEqual([node.adapter, node.emulator.vms, http.ifTaken], ['emulator', 16, 'any']);
  });

  const policies = readdirSync(join(FOLDER, 'policies')).filter((n) => !n.includes('.test.'));
  for (const name of policies) {
    it(`the policy ${name} can come into force`, () => {
      assert.equal(`${policyOf(name).policies[0].name}.json`, name);
    });
  }

  it('a recording is replayed, with every packet and byte', async () => {
    const source = await openTrace(join(FOLDER, 'node.nkrec'));
    const feed = openFeed(source, 500);
    const options = {
      candidates: [{ name: 'default', policies: policyOf('default.json') }],
      entries: 8192,
      fastPathEntries: 0,
      planner: DEFAULT_PLANNER,
      periodMs: 500,
      packetCostNs: 2500,
      forMs: Number.POSITIVE_INFINITY,
    };
    const result = await simulate(feed, options, new AbortController().signal);
    const {
      trace,
      policies: [replayed],
    } = buildReport({ file: source.file, feed, options, result });
    const { ticks, packets, bytes, flows, recorded } = trace;
    assert.deepEqual([ticks, packets, bytes, flows], [19, 47_198, 47_272_961, 60]);
    assert.equal(recorded?.byteCoverage?.toFixed(3), '0.709');
    assert.equal(replayed.bytes.carried + replayed.bytes.vswitch, bytes);
    // 0.868 by the planner of that version.
    assert.ok((replayed.byteCoverage ?? 0) > 0.8, String(replayed.byteCoverage));
  });
});
