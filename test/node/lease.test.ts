import assert from 'node:assert/strict';
import { run } from '../../lab/testbed/run.ts';
import { sleep } from '../../lab/testbed/wait.ts';
import {
  arrivalsAfterStop,
  lastWithoutVswitchd,
  LEASE_MS,
  MARGIN_MS,
  useLeaseRig,
} from './lease-rig.ts';

describe('on the real node, the lease', function () {
  this.timeout(60_000);
  const rig = useLeaseRig();

  it('is not revived by a daemon that is stopped and continued', async () => {
    const daemon = await rig().offloaded();
    const forbidden = await arrivalsAfterStop(rig(), daemon, LEASE_MS + 300);
    assert.equal(forbidden.length, 0, `packets at ${forbidden.join(', ')} ms`);
  });

  it('bounds the time without vswitchd, whatever the period', async () => {
    await rig().offloaded({ periodMs: 500 });
    const lastMs = await lastWithoutVswitchd(rig());
    assert.ok(lastMs < LEASE_MS + MARGIN_MS, `packets for ${lastMs} ms`);
  });

  it('ends in time when the daemon has no file descriptors left', async () => {
    const daemon = await rig().offloaded();
    const limit = (files: string) =>
      run('prlimit', ['--pid', String(daemon.process.pid), `--nofile=${files}`]);
    await limit('3:4096');
    await rig().drop();
    const late = await rig().arrivalsAfterLease(LEASE_MS + 500);
    assert.equal(late.length, 0, `packets at ${late.join(', ')} ms`);
    await limit('4096:4096');
    await rig().forward();
    await rig().waitUntilOffloaded(daemon);
  });

  it('does not come back after the panic button, also across a crash', async () => {
    const first = await rig().offloaded();
    assert.match(await first.command('onload-all'), /held on the vSwitch/);
    await first.kill();
    const second = await rig().startDaemon();
    assert.match(await second.command('status'), /held: .*since 20/);
    await sleep(300);
    assert.equal((await second.flows()).filter((f) => f.placement === 'offload').length, 0);
    await second.command('resume');
    await rig().waitUntilOffloaded(second);
    await second.kill();
    const third = await rig().startDaemon();
    assert.ok(!(await third.control.status()).held);
  });
});
