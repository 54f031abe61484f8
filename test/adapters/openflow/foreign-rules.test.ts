import assert from 'node:assert/strict';
import { monotonicMs } from '../../../async/monotonic.ts';
import { join } from 'node:path';
import { OpenFlowBackend } from '../../../adapters/openflow/backend.ts';
import type { Match } from '../../../protocols/openflow/codec/match.ts';
import { parseTarget } from '../../../protocols/openflow/connection/target.ts';
import { mayOverlap } from '../../../adapters/openflow/overlap.ts';
import { idText, installed, never } from '../../contract/collect.ts';
import { put, outcomesOf } from '../../contract/offload-backend-operations.ts';
import { needs } from '../../support/needs.ts';
import { BRIDGE, flow, RealSwitch } from './real-switch.ts';
import { eventually } from '../../support/eventually.ts';

describe('matches of two owners', () => {
  const match = (
    ...fields: readonly (readonly ['in_port' | 'eth_type', number, number?])[]
  ): Match => ({
    kind: 'oxm',
    fields: fields.map(([name, value, mask]) => ({
      kind: 'field',
      name,
      value: Uint8Array.of(value),
      mask: mask === undefined ? undefined : Uint8Array.of(mask),
    })),
  });

  it('are disjoint only when a field that both match differs', () => {
    const cases = [
      [match(), match(['in_port', 1]), true],
      [match(['in_port', 1]), match(['eth_type', 8]), true],
      [match(['in_port', 1]), match(['in_port', 1]), true],
      [match(['in_port', 1]), match(['in_port', 2]), false],
      [match(['in_port', 1, 0x0f]), match(['in_port', 0x11]), true],
      [match(['in_port', 1, 0x0f]), match(['in_port', 2, 0xf0]), true],
      [match(['in_port', 1, 0x0f]), match(['in_port', 2, 0xff]), false],
      [match(['in_port', 1]), { kind: 'unknown', code: 9, bytes: new Uint8Array(0) }, true],
    ] as const;
    for (const [a, b, expected] of cases) {
      assert.equal(mayOverlap(a, b), expected);
      assert.equal(mayOverlap(b, a), expected);
    }
  });
});

for (const protocol of ['OpenFlow13', 'OpenFlow10'] as const) {
  describe(`rules of another owner in the switch, ${protocol}`, function () {
    this.timeout(30_000);
    let real: RealSwitch;
    let backend: OpenFlowBackend;

    before(async function () {
      needs(this, 'root', 'netns', 'ovs', 'debian-python3');
      real = await RealSwitch.start(protocol);
    });
    beforeEach(async () => {
      await real.reset();
      backend = new OpenFlowBackend({
        connection: { target: parseTarget(real.target) },
        entrances: { in: { uplink: 'in', slow: 'slow' } },
        exits: { out: 'out' },
        entries: 10,
        priority: 40_000,
        cookieTag: 0x4e4b,
        leaseMs: 60_000,
        heartbeatMs: 0,
        pauseMs: 1,
        journal: join(real.ovs.runDir, `journal-${performance.now()}`),
      });
      await backend.start(real.snapshot(), never());
      const results = await backend.apply([put(flow(0)), put(flow(1))], never());
      assert.deepEqual(outcomesOf(results), ['installed', 'installed']);
    });
    afterEach(() => backend?.close('withdraw'));
    after(() => real?.stop());

    it('take effect at once when they change, even under rules of ours', async () => {
      const lost: number[] = [];
      backend.onLost(() => lost.push(performance.now()));
      await real.ofctl('mod-flows', BRIDGE, 'in_port=1,actions=drop');
      const changedMs = performance.now();
      await eventually('they are out', () => lost.length > 0);
      assert.ok(lost[0] - changedMs < 500);
      assert.deepEqual(await installed(backend), []);
      const before = await real.received('out');
      await real.send(0, 20);
      assert.equal(await real.received('out'), before);
      const ids = (await backend.portsChanged(real.snapshot())).length;
      assert.equal(ids, 2);
      const [held] = await backend.apply([put(flow(0))], never());
      assert.ok(!held.ok && /another controller changed/.test(held.refusal.detail));
    });

    it('are ignored while they match other packets', async () => {
      await real.ofctl('add-flow', BRIDGE, 'priority=5,in_port=3,actions=drop');
      await real.ofctl('add-flow', BRIDGE, 'priority=5,udp,tp_dst=1001,actions=drop');
      const only = [idText(flow(0))];
      for (let i = 0; i < 50 && (await installed(backend)).length > 1; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.deepEqual(await installed(backend), only);
    });

    it('are never changed, however our rules are removed', async () => {
      await real.ofctl(
        'add-flow',
        BRIDGE,
        'priority=50000,cookie=0x4e4a000000000001,in_port=2,actions=drop',
      );
      const others = async () =>
        (await real.rules()).map((rule) => rule.replace(/duration=\S+|idle_age=\S+/g, '').trim());
      const before = (await others()).filter((rule) => !rule.includes('priority=40000'));
      await backend.renewLease(monotonicMs());
      await backend.withdrawAll();
      assert.deepEqual(await others(), before);
    });
  });
}
