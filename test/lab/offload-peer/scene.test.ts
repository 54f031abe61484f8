import assert from 'node:assert/strict';
import { makeRatesScene } from '../../../lab/offload-peer/rates-scene.ts';
import { mostCarried, scheduledBytes, type SceneFlow } from '../../../lab/offload-peer/scene.ts';
import { makeScene, SCENE_NAMES } from '../../../lab/offload-peer/scenes.ts';

const rateAt = ({ steps }: SceneFlow, phase: number): number => steps[phase].packetsPerSecond;
const sizes = { full: false, quick: true };

describe('the scenes of the offload peer', () => {
  for (const name of SCENE_NAMES) {
    for (const [size, quick] of Object.entries(sizes)) {
      it(`are the same each time (${name}, ${size})`, () => {
        assert.deepEqual(makeScene({ name, quick }), makeScene({ name, quick }));
      });
    }
  }

  for (const [size, quick] of Object.entries(sizes)) {
    const scene = makeScene({ name: 'rates', quick });
    const phases = scene.flows[0].steps.map((_, phase) => phase);

    it(`have rates that add up, and are heavy-tailed, in each phase (rates, ${size})`, () => {
      for (const phase of phases) {
        const rates = scene.flows.map((flow) => rateAt(flow, phase)).toSorted((a, b) => b - a);
        const sum = rates.reduce((all, rate) => all + rate, 0);
        assert(Math.abs(sum - (quick ? 200 : 400)) < 1e-6);
        const largest = rates.slice(0, scene.entries).reduce((all, rate) => all + rate, 0);
        assert(largest > 0.6 * sum, `${largest} of ${sum}`);
        // Open vSwitch forgets a flow after ten seconds without a packet.
        assert(1 / rates[rates.length - 1] < 10);
      }
    });

    it(`have other large flows in each phase (rates, ${size})`, () => {
      const largest = (phase: number): ReadonlySet<number> => {
        const order = scene.flows.map((_, n) => n);
        order.sort((a, b) => rateAt(scene.flows[b], phase) - rateAt(scene.flows[a], phase));
        return new Set(order.slice(0, scene.entries));
      };
      for (const phase of phases.slice(1)) {
        const before = largest(phase - 1);
        const changed = [...largest(phase)].filter((n) => !before.has(n)).length;
        assert(changed > 0 && changed < scene.entries / 2, `${changed} changed`);
      }
    });

    it(`have probes that are larger than most flows (rates, ${size})`, () => {
      for (const probe of scene.probes) {
        const faster = scene.flows.filter((flow) => rateAt(flow, 0) > rateAt(probe, 0));
        assert(faster.length < scene.entries / 4);
        assert(probe.steps[0].atMs > 0 && probe.steps[0].atMs < scene.durationMs);
      }
    });

    const arrivals = makeScene({ name: 'arrivals', quick });

    it(`have more small flows than entries, and fewer large ones (arrivals, ${size})`, () => {
      const { flows, probes, entries, durationMs } = arrivals;
      // A flow that has ended is in the vSwitch for ten seconds more.
      const alive = (flow: SceneFlow, atMs: number, restMs: number): boolean =>
        flow.steps[0].atMs <= atMs && atMs < flow.steps[1].atMs + restMs;
      for (let atMs = 10_000; atMs <= durationMs; atMs += 1_000) {
        const small = flows.filter((flow) => alive(flow, atMs, 10_000)).length;
        const large = probes.filter((flow) => alive(flow, atMs, 0)).length;
        assert(small > entries && large < entries / 2, `${small} small, ${large} large`);
      }
    });

    it(`have large flows of 1 to 25 s, most of them below 10 s (arrivals, ${size})`, () => {
      const lengths = arrivals.probes.map(({ steps }) => steps[1].atMs - steps[0].atMs);
      assert(lengths.every((ms) => ms >= 1_000 && ms <= 25_000));
      const below = lengths.filter((ms) => ms < 10_000).length / lengths.length;
      assert(below > 0.6 && below < 0.85, `${below}`);
    });
  }

  it('differ with another seed', () => {
    const options = {
      entries: 4,
      flows: 8,
      packetsPerSecond: 10,
      phases: 2,
      phaseMs: 100,
      probes: 1,
    };
    assert.notDeepEqual(
      makeRatesScene({ ...options, seed: 1 }),
      makeRatesScene({ ...options, seed: 2 }),
    );
  });
});

describe('the bytes of a scene', () => {
  const steady = (frameBytes: number, packetsPerSecond: number): SceneFlow => ({
    udpPort: 1,
    frameBytes,
    offset: 0,
    steps: [{ atMs: 0, packetsPerSecond }],
  });

  it('are those of rates and times', () => {
    const steps = [
      { atMs: 1_000, packetsPerSecond: 10 },
      { atMs: 3_000, packetsPerSecond: 5 },
    ];
    assert.equal(scheduledBytes({ ...steady(100, 0), steps }, 4_000), (2 * 10 + 5) * 100);
    const ended = [steps[0], { atMs: 9_000, packetsPerSecond: 0 }];
    assert.equal(scheduledBytes({ ...steady(100, 0), steps: ended }, 4_000), 3 * 10 * 100);
  });

  it('fit the table as far as the largest flows of each moment send them', () => {
    // 600 and 400 bytes/s; then the second sends 1,400.
    const changing = {
      ...steady(200, 2),
      steps: [
        { atMs: 0, packetsPerSecond: 2 },
        { atMs: 1_000, packetsPerSecond: 7 },
      ],
    };
    const scene = { durationMs: 2_000, entries: 1, flows: [steady(300, 2), changing], probes: [] };
    assert.equal(mostCarried(scene), (600 + 1_400) / (600 + 400 + 600 + 1_400));
  });
});
