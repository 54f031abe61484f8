import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../cli/program.ts';
import { parseConfig } from '../../config/load-config.ts';
import { type ControlService, startControlServer } from '../../server/control/control-server.ts';
import { createDaemon } from '../../daemon/daemon.ts';
import type { DecisionRecord } from '../../api/decision-record.ts';
import type { Daemon } from '../../daemon/lifecycle.ts';
import { POLICY } from '../policy-tools/fixture.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { TestTerminal } from '../support/test-terminal.ts';
import { eventually } from '../support/eventually.ts';

/** {@link POLICY} with another rate from which flows are offloaded. */
function fromRate(value: number): string {
  const [slow, fast] = POLICY.rules;
  const conditions = { all: [{ ...fast.conditions.all[0], value }] };
  return JSON.stringify({ ...POLICY, rules: [slow, { ...fast, conditions }] });
}

describe('policies of a running daemon', () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'p.json');
  const socket = join(folder.path, 'control.sock');
  let daemon: Daemon;
  let service: ControlService;

  before(async function () {
    this.timeout(30_000);
    writeFileSync(file, fromRate(1e9));
    const config = parseConfig(
      JSON.stringify({
        node: { adapter: 'emulator', emulator: { seed: 3, vms: 4, load: 0.05 } },
        poll: { periodMs: 100 },
        policies: ['p.json'],
        decisions: { file: 'decisions.ndjson' },
      }),
      join(folder.path, 'config.json'),
    );
    const { log } = recordingLog();
    daemon = await createDaemon(config, log);
    service = await startControlServer(socket, daemon.view, log);
    await daemon.start(new AbortController().signal);
  });

  after(async () => {
    await service?.close();
    await daemon?.stop();
    folder.remove();
  });

  /** Replaces the policy file by a rename, as editors do. */
  function replace(text: string): void {
    writeFileSync(`${file}~`, text);
    renameSync(`${file}~`, file);
  }

  async function norikae(...argv: string[]): Promise<{ code: number; out: string }> {
    const stdout = new TestTerminal();
    const context = {
      stdout,
      stderr: new TestTerminal(),
      env: { NORIKAE_CONTROL: socket },
      loadDaemon: () => Promise.reject(new Error('this test runs its own daemon')),
      exit: () => {},
      now: () => performance.now(),
    };
    const code = await runProgram(context, argv);
    return { code, out: stdout.text };
  }

  async function metric(name: string): Promise<string> {
    const { text } = await daemon.metrics.expose();
    return text.split('\n').find((line) => line.startsWith(name)) ?? `${name} is not there`;
  }

  const status = () => daemon.view.status().policies;

  it('offload nothing while no rule requests it', async () => {
    await eventually('a tick', () => daemon.view.status().tick.sequence > 2);
    assert.equal(daemon.view.status().flows.offload, 0);
    assert.equal(status().watching, true);
    assert.equal(status().lastReload, null);
    const { out } = await norikae('decisions');
    assert.match(out, /^0 shown, 0 in memory$/m);
  });

  it('come into force when their file changes, and their moves are recorded', async function () {
    this.timeout(40_000);
    const { revision } = status();
    replace(fromRate(20));
    await eventually('the new policy', () => status().revision !== revision);
    await eventually('a flow on the NIC', () => daemon.view.status().flows.offload > 0);
    const [policy] = status().inForce;
    assert.equal(status().lastReload?.result, 'in-force');
    const { decisions } = JSON.parse((await norikae('decisions', '--json', '--limit', '500')).out);
    const moved = decisions.find((d: DecisionRecord) => d.to === 'offload');
    assert.equal(moved.rule, 'p/fast');
    assert.equal(moved.revision, policy.revision);
    assert.ok(moved.inputs.lastPacketsPerSecond >= 20);
    assert.equal(moved.outcome, 'installed');
    assert.match(await metric('norikae_policy_reloads_total{result="in-force"}'), / 1$/);
    assert.match(await metric('norikae_policy_info'), new RegExp(`revision="${policy.revision}"`));
    assert.match(await metric('norikae_decisions_total{mode="enforce"}'), / [1-9]\d*$/);
  });

  it('stay in force when the file becomes invalid, as status and metrics show', async function () {
    this.timeout(40_000);
    const { revision } = status();
    replace('{ "name": ');
    await eventually('the refusal of the policy', () => status().problems.length > 0);
    assert.equal(status().revision, revision);
    assert.equal((await norikae('policy', 'status')).code, 1);
    assert.match(await metric('norikae_policy_last_reload_successful'), / 0$/);
    assert.match(await metric('norikae_policy_reloads_total{result="invalid"}'), / [1-9]$/);
    replace(fromRate(20));
    await eventually('a good policy again', () => status().problems.length === 0);
    assert.equal((await norikae('policy', 'status')).code, 0);
    assert.match(await metric('norikae_policy_last_reload_successful'), / 1$/);
  });

  it('explain a flow with its latest decisions', async () => {
    const { decisions } = daemon.view.decisions({ flow: '', limit: 10_000 });
    const live = (await daemon.view.flows({ sort: 'rate', limit: 10_000, words: [] })).flows;
    const flow = live.find((f) => decisions.some((d) => d.flow === f.id));
    assert.ok(flow !== undefined);
    const { out } = await norikae('why', flow.id);
    assert.match(out, /latest decisions\n {2}\S+ [0-9a-f]{8} onload -> offload: p\/fast@/);
  });

  it('write their decisions to a file, one JSON object per line', async () => {
    const { kept } = daemon.view.decisions({ flow: '', limit: 1 });
    const path = join(folder.path, 'decisions.ndjson');
    const count = () => readFileSync(path, 'utf8').split('\n').length - 1;
    await eventually('enough decisions', () => count() >= kept);
    const first = JSON.parse(readFileSync(path, 'utf8').split('\n')[0]);
    assert.equal(first.from, 'onload');
    assert.ok(Number.isFinite(Date.parse(first.time)));
  });

  it('list decisions by flow, and refuse invalid queries', async () => {
    const [{ flow }] = daemon.view.decisions({ flow: '', limit: 1 }).decisions;
    const { out } = await norikae('decisions', flow.slice(0, 8), '--json');
    const { decisions } = JSON.parse(out);
    assert.ok(decisions.length > 0);
    assert.ok(decisions.every((d: DecisionRecord) => d.flow === flow));
    for (const flow of ['nonsense', 'ffffffff-ffff-4fff-8fff-ffffffffffff']) {
      assert.equal((await norikae('decisions', flow)).code, 4, flow);
      const { code, out: json } = await norikae('decisions', flow, '--json');
      assert.deepEqual([code, JSON.parse(json).decisions], [4, []]);
    }
    const all = JSON.parse((await norikae('decisions', '--limit', '50', '--json')).out);
    const times = all.decisions.map((d: DecisionRecord) => d.time);
    assert.deepEqual(times, times.toSorted(), 'the latest is the last');
    assert.equal((await norikae('decisions', '--limit', '0')).code, 2);
  });
});
