import assert from 'node:assert/strict';
import { monotonicMs } from '../../../async/monotonic.ts';
import { join } from 'node:path';
import { OpenFlowBackend } from '../../../adapters/openflow/backend.ts';
import { parseTarget } from '../../../protocols/openflow/connection/target.ts';
import { carried, idText, installed, never } from '../../contract/collect.ts';
import { put, outcomesOf } from '../../contract/offload-backend-operations.ts';
import { needs } from '../../support/needs.ts';
import { BRIDGE, flow, RealSwitch } from './real-switch.ts';

const WAYS = [
  { what: 'rules that do the same', second: 'out' },
  { what: 'rules that do different things', second: 'other' },
] as const;

for (const protocol of ['OpenFlow13', 'OpenFlow10'] as const) {
  describe(`renewal on Open vSwitch, ${protocol}`, function () {
    this.timeout(40_000);
    let real: RealSwitch;

    before(async function () {
      needs(this, 'root', 'netns', 'ovs', 'debian-python3');
      real = await RealSwitch.start(protocol);
    });
    after(() => real?.stop());

    for (const { what, second } of WAYS) {
      it(`keeps ${what} past their time-out, counters and all, and touches no others`, async () => {
        await real.reset();
        const others =
          'cookie=0x4e4c000000000001,priority=3,in_port=2,hard_timeout=60,actions=drop';
        await real.ofctl('add-flow', BRIDGE, others);
        const backend = new OpenFlowBackend({
          connection: { target: parseTarget(real.target) },
          entrances: { in: { uplink: 'in' } },
          exits: { out: 'out', other: 'other' },
          entries: 10,
          priority: 40_000,
          cookieTag: 0x4e4b,
          leaseMs: 3_000,
          heartbeatMs: 0,
          pauseMs: 1,
          journal: join(real.ovs.runDir, `journal-${performance.now()}`),
        });
        const renewing = setInterval(
          () => void backend.renewLease(monotonicMs()).catch(() => undefined),
          100,
        );
        try {
          await backend.start(real.snapshot(), never());
          const flows = [flow(0), flow(1, second), flow(2)];
          const results = outcomesOf(await backend.apply(flows.map(put), never()));
          assert.deepEqual(results, ['installed', 'installed', 'installed']);
          await real.send(0, 5);
          // Three times the hard time-out of 1 s.
          await new Promise((resolve) => setTimeout(resolve, 3_000));
          await real.send(0, 6);
          assert.deepEqual(await installed(backend), flows.map(idText));
          const sum = (await carried(backend)).get(idText(flows[0]));
          assert.deepEqual([sum?.packets, sum?.bytes], [11, 1_100]);
          const rules = await real.rules();
          assert.equal(rules.filter((rule) => rule.includes('cookie=0x4e4b')).length, 3);
          assert.equal(
            rules.filter((rule) => rule.includes('actions=output:2')).length,
            second === 'out' ? 3 : 2,
          );
          const other = rules.find((rule) => rule.includes('cookie=0x4e4c000000000001'));
          assert.match(other ?? '', /actions=drop/);
          assert.ok(rules.some((rule) => rule.includes('cookie=0xc0ffee')));
        } finally {
          clearInterval(renewing);
          await backend.close('withdraw');
        }
      });
    }
  });
}
