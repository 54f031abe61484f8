import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Call, PlantedFault } from './device.ts';
import { FLOWS, Spec } from './spec.ts';
import { World } from './world.ts';

/** A step of a schedule: something happens, then nothing forbidden is followed. */
class Step implements fc.AsyncCommand<Spec, World> {
  readonly #name: string;
  readonly #happen: (world: World) => void | Promise<void>;

  constructor(name: string, happen: (world: World) => void | Promise<void>) {
    this.#name = name;
    this.#happen = happen;
  }

  check(): boolean {
    return true;
  }

  async run(spec: Spec, world: World): Promise<void> {
    await this.#happen(world);
    await world.settle();
    world.device.noteLapse();
    const violation = spec.violation(world.device.carrying());
    assert.equal(violation, undefined);
  }

  toString(): string {
    return this.#name;
  }
}

const flow = fc.constantFrom(...FLOWS);
const call = fc.constantFrom<Call>(
  'renewLease',
  'endLease',
  'apply',
  'portsChanged',
  'reply',
  'lookup',
);

const step = (name: string, happen: (world: World) => void | Promise<void>) =>
  fc.constant(new Step(name, happen));
const ask = new Step('ask', (w) => w.ask());
const serve = new Step('serve', (w) => w.serve());
const reply = new Step('reply', (w) => w.reply());
const renew = new Step('renew', (w) => w.renew());

const check = new Step('check', (w) => w.check());
const lookUp = new Step('look up', (w) => w.lookUp());
const answer = new Step('answer', (w) => w.answer());

/** A check of all entries, in which rules change and time passes after the first flow is read. */
const checkRound = fc
  .tuple(fc.constantFrom(0, 100, 300, 600), flow, fc.constantFrom(1, 2, undefined))
  .map(([ms, n, version]) => {
    const name = `check: a flow is read, flow ${n} does ${version}, ${ms} ms, the others are read`;
    return new Step(name, async (w) => {
      w.check();
      for (let i = 0; i < 2 * FLOWS.length; i++) {
        await w.settle();
        w.lookUp();
        if (i === 0) {
          w.spec.change(n, version);
          w.spec.clock.advance(ms);
        }
        w.answer();
      }
      await w.settle();
      w.renew();
    });
  });

/** A complete round of a healthy daemon. */
export const round = new Step('round', async (w) => {
  for (const part of [() => w.ask(), () => w.serve(), () => w.reply(), () => w.renew()]) {
    part();
    await w.settle();
  }
});

/** A round with a slow vSwitch, whose rules change after it has built its reply. */
const slowRound = fc
  .tuple(fc.constantFrom(0, 300), fc.constantFrom(300, 900), flow, fc.constantFrom(1, 2, undefined))
  .map(([beforeMs, afterMs, n, version]) => {
    const name = `round: ${beforeMs} ms, the reply is built, flow ${n} does ${version}, ${afterMs} ms`;
    return new Step(name, async (w) => {
      w.ask();
      await w.settle();
      w.spec.clock.advance(beforeMs);
      w.serve();
      w.spec.change(n, version);
      w.spec.clock.advance(afterMs);
      w.reply();
      await w.settle();
      w.renew();
    });
  });

const schedule = fc.commands(
  [
    fc
      .constantFrom(100, 300, 400, 700)
      .map((ms) => new Step(`${ms} ms pass`, (w) => w.spec.clock.advance(ms))),
    fc.constantFrom(round, ask, serve, reply, renew),
    fc.constantFrom(round, round, renew),
    slowRound,
    checkRound,
    fc.constantFrom(check, lookUp, answer),
    fc
      .tuple(flow, fc.constantFrom(1, 2, undefined))
      .map(([n, v]) => new Step(`flow ${n} does ${v}`, (w) => w.spec.change(n, v))),
    fc
      .tuple(flow, fc.boolean())
      .map(([n, on]) => new Step(`port ${n} limited: ${on}`, (w) => w.limit(n, on))),
    fc.boolean().map((up) => new Step(`database up: ${up}`, (w) => w.database(up))),
    fc.boolean().map((up) => new Step(`vswitchd up: ${up}`, (w) => w.vswitch(up))),
    fc.boolean().map(
      (stuck) =>
        new Step(`the device refuses: ${stuck}`, (w) => {
          w.device.stuck = stuck;
        }),
    ),
    step('the next result is lost', (w) => {
      w.device.losesResult = true;
    }),
    fc.constantFrom(
      new Step('SIGSTOP', (w) => w.stop()),
      new Step('SIGCONT', (w) => w.cont()),
      new Step('SIGKILL and restart', (w) => w.start()),
    ),
    call.map((at) => new Step(`SIGSTOP at ${at}`, (w) => w.stopAt(at))),
    step('SIGCONT', (w) => w.cont()),
    fc.constantFrom(
      new Step('onload-all', (w) => w.press()),
      new Step('resume', (w) => w.release()),
    ),
  ],
  { maxCommands: 60, size: 'max' },
);

/** Runs schedules, and rejects with the shortest one after which something forbidden is followed. */
export async function holds(
  fault: PlantedFault | undefined,
  numRuns: number,
  seed: number,
): Promise<void> {
  const property = fc.asyncProperty(schedule, async (steps) => {
    const spec = new Spec();
    const world = new World(spec, fault);
    await world.start();
    await fc.asyncModelRun(() => ({ model: spec, real: world }), [round, ...steps]);
  });
  await fc.assert(property, { numRuns, seed });
}
