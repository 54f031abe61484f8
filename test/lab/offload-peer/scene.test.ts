import assert from 'node:assert/strict';
import {
  FULL_SCENE,
  makeScene,
  QUICK_SCENE,
  scheduledBytes,
  type SceneFlow,
} from '../../../lab/offload-peer/scene.ts';

const rateAt = ({ steps }: SceneFlow, phase: number): number => steps[phase].packetsPerSecond;

describe('the scene of the offload peer', () => {
  for (const [name, options] of Object.entries({ full: FULL_SCENE, quick: QUICK_SCENE })) {
    const scene = makeScene(options);

    it(`is the same each time (${name})`, () => {
      assert.deepEqual(makeScene(options), scene);
      assert.notDeepEqual(makeScene({ ...options, seed: 2 }), scene);
    });

    it(`has rates that add up, and are heavy-tailed, in each phase (${name})`, () => {
      for (let phase = 0; phase < options.phases; phase++) {
        const rates = scene.flows.map((flow) => rateAt(flow, phase)).toSorted((a, b) => b - a);
        const sum = rates.reduce((all, rate) => all + rate, 0);
        assert(Math.abs(sum - options.packetsPerSecond) < 1e-6);
        const largest = rates.slice(0, scene.entries).reduce((all, rate) => all + rate, 0);
        assert(largest > 0.6 * sum, `${largest} of ${sum}`);
        // Open vSwitch forgets a flow after ten seconds without a packet.
        assert(1 / rates[rates.length - 1] < 10);
      }
    });

    it(`has other large flows in each phase (${name})`, () => {
      const largest = (phase: number): ReadonlySet<number> => {
        const order = scene.flows.map((_, n) => n);
        order.sort((a, b) => rateAt(scene.flows[b], phase) - rateAt(scene.flows[a], phase));
        return new Set(order.slice(0, scene.entries));
      };
      for (let phase = 1; phase < options.phases; phase++) {
        const before = largest(phase - 1);
        const changed = [...largest(phase)].filter((n) => !before.has(n)).length;
        assert(changed > 0 && changed < scene.entries / 2, `${changed} changed`);
      }
    });

    it(`has probes that are larger than most flows (${name})`, () => {
      assert.equal(scene.probes.length, options.probes);
      for (const probe of scene.probes) {
        const faster = scene.flows.filter((flow) => rateAt(flow, 0) > rateAt(probe, 0));
        assert(faster.length < scene.entries / 4);
        assert(probe.steps[0].atMs > 0 && probe.steps[0].atMs < scene.durationMs);
      }
    });
  }

  it('counts bytes by rate and time', () => {
    const steps = [
      { atMs: 1_000, packetsPerSecond: 10 },
      { atMs: 3_000, packetsPerSecond: 5 },
    ];
    const flow = { udpPort: 1, frameBytes: 100, offset: 0, steps };
    assert.equal(scheduledBytes(flow, 4_000), (2 * 10 + 5) * 100);
  });
});
