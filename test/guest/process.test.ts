import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../async/monotonic.ts';
import { bootTimeMs } from '../../guest/machine/clock.ts';
import { Guardian } from '../../guest/guardian/guardian.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { AgentProcess } from './agent-process.ts';

/** A rule of a device that does not exist: the guardian has to know it before that is found out. */
const RULE = { id: 1, direction: 'transmit' as const, device: 'none7', to: 'none8', match: [] };
const REMOVALS = [48_640, 48_641, 48_642, 48_644, 48_645, 48_646].map(
  (priority) => `filter del dev none7 egress pref ${priority}`,
);

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        return (
          readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(pid)
        );
      } catch {
        return false;
      }
    });
}

describe('agent as a process', function () {
  this.timeout(20_000);
  let folder: ReturnType<typeof temporaryFolder>;
  const agents: AgentProcess[] = [];

  before(function () {
    needs(this, 'bash');
  });

  beforeEach(() => {
    folder = temporaryFolder();
  });

  afterEach(async () => {
    for (const agent of agents.splice(0)) {
      agent.kill('SIGKILL');
      await agent.exited;
    }
    folder.remove();
  });

  /** An agent with a lease and a guarded device. */
  async function leased(leaseMs: number) {
    const agent = new AgentProcess(folder.path);
    agents.push(agent);
    const session = await agent.session();
    await session.counters();
    assert.equal(await session.renew(monotonicMs() + leaseMs), 'renewed');
    const [result] = await session.put([RULE]);
    assert.deepEqual(result, { id: 1, ok: false, why: 'there is no device none7' });
    agent.takeCommands();
    return { agent, session };
  }

  const removed = (agent: AgentProcess) => () => agent.commands().length >= REMOVALS.length;

  it('that is killed: its guardian removes the transmit rules at once', async () => {
    const { agent } = await leased(60_000);
    agent.kill('SIGKILL');
    assert.equal(await agent.exited, 'SIGKILL');
    await eventually('removed', removed(agent));
    assert.deepEqual(agent.commands(), REMOVALS);
  });

  it('that is stopped: its guardian removes the transmit rules when the lease ends', async () => {
    const { agent } = await leased(4_000);
    agent.kill('SIGSTOP');
    const fromMs = bootTimeMs();
    assert.deepEqual(agent.commands(), []);
    await eventually('removed', removed(agent));
    assert.deepEqual(agent.commands(), REMOVALS);
    assert(bootTimeMs() - fromMs < 9_000);
    agent.kill('SIGCONT');
  });

  it('that was stopped takes no renewal from before', async () => {
    const { agent, session } = await leased(3_000);
    agent.kill('SIGSTOP');
    const renewal = session.renew(monotonicMs() + 3_000);
    await sleep(3_500);
    agent.kill('SIGCONT');
    assert.equal(await renewal, 'late');
  });

  it('that ends has no lease any more, and its guardian ends with it', async () => {
    const { agent, session } = await leased(60_000);
    const [guardian] = childrenOf(agent.pid);
    assert(guardian !== undefined);
    let leaving = 0;
    session.listen({ lost() {}, leaving: () => leaving++, ended() {} });
    agent.kill('SIGTERM');
    assert.equal(await agent.exited, 0, agent.errors);
    assert.equal(leaving, 1);
    await eventually('the guardian ends', () => {
      try {
        return readFileSync(`/proc/${guardian}/comm`, 'utf8') !== 'bash\n';
      } catch {
        return true;
      }
    });
  });

  it('ends with its channel', async () => {
    const { agent, session } = await leased(60_000);
    session.close();
    assert.equal(await agent.exited, 0, agent.errors);
    assert.equal(agent.errors, '');
  });

  it('whose guardian is killed has no lease until there is another', async () => {
    const { agent, session } = await leased(60_000);
    const [guardian] = childrenOf(agent.pid);
    assert(guardian !== undefined);
    process.kill(guardian, 'SIGKILL');
    await eventually('no lease', async () => {
      const [result] = await session.put([RULE]);
      return !result.ok && result.why === 'there is no lease';
    });
    await eventually(
      'another',
      async () => (await session.renew(monotonicMs() + 1_000)) === 'renewed',
    );
  });
});

describe('guardian', function () {
  before(function () {
    needs(this, 'bash');
  });

  it('that cannot be started guards nothing', async () => {
    const log: string[] = [];
    let unguarded = 0;
    const guardian = new Guardian({
      shell: '/nonexistent/bash',
      log: (line) => log.push(line),
      onUnguarded: () => unguarded++,
    });
    await eventually('reported', () => log.length > 0);
    assert.equal(guardian.isRunning, false);
    assert.equal(unguarded, 1);
    assert.match(log[0], /the guardian of the lease ended \(.*ENOENT.*\); starting it again/);
    guardian.close();
  });

  it('that was stopped reads what has come meanwhile before it takes the lease for expired', async () => {
    const folder = temporaryFolder();
    const log = join(folder.path, 'tc.log');
    const tc = `#!/bin/sh\ncat >> '${log}'\n`;
    writeFileSync(join(folder.path, 'tc'), tc, { mode: 0o755 });
    const path = process.env.PATH;
    process.env.PATH = `${folder.path}:${path}`;
    let removals = 0;
    const guardian = new Guardian({ log: () => {}, onUnguarded: () => removals++ });
    process.env.PATH = path;
    try {
      const { pid } = guardian;
      assert(pid !== undefined);
      guardian.guard(bootTimeMs() + 500, ['none7']);
      process.kill(pid, 'SIGSTOP');
      guardian.guard(bootTimeMs() + 60_000, ['none7']);
      await sleep(1_000);
      process.kill(pid, 'SIGCONT');
      // Lines are read in order, so a removal would come before the one that is due.
      guardian.guard(bootTimeMs() + 60_000, ['none7', 'none8']);
      guardian.guard(bootTimeMs() - 1_000, ['none9']);
      await eventually('removed', () => removals > 0);
      assert.equal(removals, 1);
      const commands = readFileSync(log, 'utf8').split('\n').filter(Boolean);
      assert.equal(commands.length, REMOVALS.length);
      assert(
        commands.every((command) => command.includes(' none9 ')),
        commands.join(),
      );
    } finally {
      guardian.close();
      folder.remove();
    }
  });
});

describe('files of the agent', () => {
  it('need no package', () => {
    const folder = temporaryFolder();
    const dist = join(packageRoot(), 'dist');
    for (const part of ['guest', 'protocols/guest-channel', 'async', 'text']) {
      cpSync(join(dist, part), join(folder.path, 'dist', part), { recursive: true });
    }
    cpSync(join(packageRoot(), 'package.json'), join(folder.path, 'package.json'));
    const main = join(folder.path, 'dist', 'guest', 'main.js');
    const version = execFileSync(process.execPath, [main, '--version'], { encoding: 'utf8' });
    assert.match(version, /^\d+\.\d+\.\d+\n$/);
    folder.remove();
  });
});
