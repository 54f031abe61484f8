import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { NorikaeDaemon } from '../../lab/testbed/daemon.ts';
import { sleep, waitFor } from '../../lab/testbed/wait.ts';
import { packageRoot } from '../../platform/package-root.ts';
import { isUdpFlow, needsRealNode, udpFrames } from './fixture.ts';
import { IdleRig } from './idle-rig.ts';

const FLOWS = 2_000;
/** `poll.maxIdlePeriodMs`. */
const IDLE_PERIOD_MS = 10_000;
/** Pairs of measurements, with and without the daemon, and the time of each. */
const PAIRS = 3;
const MEASURED_MS = 2 * IDLE_PERIOD_MS;
/** Time in which a daemon that goes on has compared the ports' loads, ms. */
const RESUMED_MS = 2_000;
/** vswitchd's CPU with the daemon, relative to that without. */
const MAX_RATIO = 1.08;
const ELEPHANT_PACKETS_PER_SECOND = 500;
/** Time from the first packet of an elephant to its placement, on a busy machine, ms. */
const REACTION_MS = 5_000;

describe('on the real node, a daemon with nothing to offload', function () {
  this.timeout(600_000);
  let rig: IdleRig | undefined;
  let daemon: NorikaeDaemon | undefined;

  before(async function () {
    needsRealNode(this);
    rig = await IdleRig.start(FLOWS);
    daemon = await rig.fixture.startDaemon({
      poll: { periodMs: 250 },
      policies: [join(packageRoot(), 'policies', 'default.json')],
    });
    await rig.untilQuiet(daemon, 0.99 * IDLE_PERIOD_MS);
  });
  after(() => rig?.stop());

  it('costs ovs-vswitchd next to nothing', async () => {
    assert.ok(rig !== undefined && daemon !== undefined);
    const shares = { with: 0, without: 0 };
    for (let pair = 0; pair < PAIRS; pair++) {
      daemon.process.kill('SIGSTOP');
      shares.without += (await rig.vswitchCpu(MEASURED_MS)) / PAIRS;
      daemon.process.kill('SIGCONT');
      // The packets that came meanwhile look like traffic that begins, and end the idle time.
      await sleep(RESUMED_MS);
      await rig.untilQuiet(daemon, 0.99 * IDLE_PERIOD_MS);
      const { cpu, ticks } = await rig.measure(daemon, MEASURED_MS);
      shares.with += cpu / PAIRS;
      assert.ok(ticks <= MEASURED_MS / IDLE_PERIOD_MS + 1, `${ticks} readings`);
    }
    const text = Object.entries(shares).map(
      ([how, share]) => `${how} ${(share * 100).toFixed(2)} %`,
    );
    assert.ok(shares.with <= MAX_RATIO * shares.without, text.join(', '));
  });

  it('offloads an elephant that begins right after a reading', async () => {
    assert.ok(rig !== undefined && daemon !== undefined);
    await rig.untilQuiet(daemon, 0.99 * IDLE_PERIOD_MS);
    const { control } = daemon;
    const { sequence } = (await control.status()).tick;
    await waitFor(
      'a reading',
      async () => ((await control.status()).tick.sequence > sequence ? true : undefined),
      { timeoutMs: 2 * IDLE_PERIOD_MS, everyMs: 50 },
    );
    await rig.send(udpFrames(1, 10), ELEPHANT_PACKETS_PER_SECOND);
    const isPlaced = (flow: Parameters<ReturnType<typeof isUdpFlow>>[0]): boolean =>
      isUdpFlow(1)(flow) && flow.placement === 'offload';
    await daemon.waitForFlow('it is offloaded', isPlaced, REACTION_MS);
  });
});
