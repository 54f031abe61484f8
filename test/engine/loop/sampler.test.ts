import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Placement } from '../../../engine/model/flow.ts';
import type { FlowActions } from '../../../engine/model/action.ts';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { CurrentActions, FlowVerifier, Verdict } from '../../../engine/ports/flow-verifier.ts';
import { FakeBackend } from '../../support/fake-backend.ts';
import { outputTo, read } from '../../support/flows.ts';
import { Rig } from './engine-rig.ts';

/** A vSwitch whose rules do what its flows do, unless a test says otherwise. */
class FakeVerifier implements FlowVerifier {
  readonly name = 'fake trace';
  /** By flow number. */
  readonly answers = new Map<number, CurrentActions>();
  /** Numbers of the flows that were asked for. */
  asked: number[] = [];
  /** Called before the answer. */
  before: () => Promise<void> = () => Promise.resolve();
  breakWith: Error | undefined;

  async currentActions({ w3 }: FlowId): Promise<Verdict> {
    this.asked.push(w3);
    await this.before();
    if (this.breakWith !== undefined) throw this.breakWith;
    const same: CurrentActions = { kind: 'known', actions: outputTo('vm2') };
    return { current: this.answers.get(w3) ?? same, sourceMs: 1 };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function rigOf(backend = new FakeBackend()): { rig: Rig; verifier: FakeVerifier } {
  const verifier = new FakeVerifier();
  return { rig: new Rig(backend, { verifier, minHoldMs: 0 }), verifier };
}

const known = (actions: FlowActions): CurrentActions => ({ kind: 'known', actions });

describe('samples of installed entries', () => {
  it('take all entries in turn, and none of other flows', async () => {
    const { rig, verifier } = rigOf(new FakeBackend(3));
    assert.equal(await rig.engine.sample(rig.table, rig.signal), undefined, 'nothing to sample');
    await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
    for (let i = 0; i < 6; i++) await rig.engine.sample(rig.table, rig.signal);
    const placed = rig.installed();
    assert.equal(placed.length, 3);
    assert.deepEqual(
      verifier.asked.toSorted((a, b) => a - b),
      placed.flatMap((n) => [n, n]),
    );
    const { samples } = await rig.tick([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
    assert.equal(samples?.same, 6);
  });

  it('remove an entry that still differs at a second look, and hold its flow', async () => {
    const { rig, verifier } = rigOf();
    const flows = [{ n: 1 }, { n: 2 }];
    await rig.tick(flows);
    verifier.answers.set(1, known([]));
    const results: (string | undefined)[] = [];
    for (let tick = 0; tick < 8; tick++) {
      results.push((await rig.engine.sample(rig.table, rig.signal))?.result);
      await rig.tick(flows);
    }
    assert.deepEqual(
      results.filter((result) => result !== 'same'),
      ['suspected', 'different'],
    );
    assert.deepEqual(rig.installed(), [2]);
    assert.equal(rig.placement(1), Placement.onload);
    assert.equal(rig.reason(1), 'mismatch');
    rig.clock.advance(61_000);
    await rig.tick(flows);
    assert.deepEqual(rig.installed(), [1, 2], 'tried again after a minute');
  });

  it('say what differs, in the change of placement and in the explanation', async () => {
    const { rig, verifier } = rigOf();
    await rig.tick([{ n: 1 }]);
    verifier.answers.set(1, known(outputTo('vm9')));
    await rig.engine.sample(rig.table, rig.signal);
    rig.clock.advance(2500);
    const sample = await rig.engine.sample(rig.table, rig.signal);
    assert.equal(sample?.detail, 'the entry does vm2; the vSwitch would do vm9');
    const { changes, samples, tick } = await rig.tick([{ n: 1 }]);
    assert.deepEqual(
      changes.map(({ to, cause, reason }) => [to, cause, reason]),
      [['onload', 'mismatch', 'mismatch']],
    );
    assert.equal(samples?.different, 1);
    const row = sample?.row ?? -1;
    const { mismatch } = await rig.engine.explain(tick, row);
    assert.equal(mismatch?.detail, sample?.detail);
  });

  it('leave an entry that is right at the second look', async () => {
    const { rig, verifier } = rigOf();
    await rig.tick([{ n: 1 }]);
    verifier.answers.set(1, known([]));
    await rig.engine.sample(rig.table, rig.signal);
    assert.equal(await rig.engine.sample(rig.table, rig.signal), undefined, 'it waits');
    verifier.answers.clear();
    rig.clock.advance(2500);
    assert.equal((await rig.engine.sample(rig.table, rig.signal))?.result, 'same');
    assert.deepEqual(rig.installed(), [1]);
  });

  it('give a flow a new chance when the vSwitch changes its actions', async () => {
    const { rig, verifier } = rigOf();
    await rig.tick([{ n: 1 }]);
    verifier.answers.set(1, known(outputTo('vm9')));
    await rig.engine.sample(rig.table, rig.signal);
    rig.clock.advance(2500);
    await rig.engine.sample(rig.table, rig.signal);
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), []);
    await rig.tick([{ n: 1, actions: outputTo('vm9') }]);
    assert.deepEqual(rig.installed(), [1]);
  });

  it('count what cannot be compared, and remove nothing for it', async () => {
    const { rig, verifier } = rigOf();
    const flows = [{ n: 1 }];
    await rig.tick(flows);
    for (const answer of [
      { kind: 'gone' },
      { kind: 'unknown', why: 'no recirculation data' },
    ] as const) {
      verifier.answers.set(1, answer);
      for (let i = 0; i < 3; i++) {
        rig.clock.advance(2500);
        const sample = await rig.engine.sample(rig.table, rig.signal);
        assert.equal(sample?.result, 'not-comparable');
      }
    }
    verifier.breakWith = new Error('no answer within 1000 ms');
    assert.equal((await rig.engine.sample(rig.table, rig.signal))?.result, 'failed');
    assert.deepEqual(rig.installed(), [1]);
  });

  it('ignore an answer about an entry that has changed in the meantime', async () => {
    const { rig, verifier } = rigOf();
    await rig.tick([{ n: 1 }]);
    verifier.answers.set(1, known([]));
    await rig.engine.sample(rig.table, rig.signal);
    rig.clock.advance(2500);
    // While the vSwitch is asked, a reading brings the new actions.
    verifier.before = async () => {
      await rig.tick([{ n: 1, actions: outputTo('vm3') }]);
    };
    assert.equal((await rig.engine.sample(rig.table, rig.signal))?.result, 'not-comparable');
    assert.deepEqual(rig.installed(), [1]);
  });

  it('remove the entry in the next tick if the backend refuses it now', async () => {
    const { rig, verifier } = rigOf();
    await rig.tick([{ n: 1 }]);
    verifier.answers.set(1, known([]));
    await rig.engine.sample(rig.table, rig.signal);
    rig.clock.advance(2500);
    rig.backend.refuse = (operation) =>
      operation.kind === 'delete' ? { code: 'device-error', detail: 'EIO' } : undefined;
    await rig.engine.sample(rig.table, rig.signal);
    assert.deepEqual(rig.installed(), [1]);
    rig.backend.refuse = () => undefined;
    await rig.tick([{ n: 1 }]);
    assert.deepEqual(rig.installed(), []);
    assert.equal(rig.reason(1), 'mismatch');
  });

  it('remove nothing that changed while the removal waited for its turn', async () => {
    class Blocked extends FakeBackend {
      release: () => void = () => undefined;
      override portsChanged(): Promise<readonly FlowId[]> {
        return new Promise((resolve) => {
          this.release = () => resolve([]);
        });
      }
    }
    const backend = new Blocked();
    const { rig, verifier } = rigOf(backend);
    await rig.tick([{ n: 1 }]);
    verifier.answers.set(1, known([]));
    await rig.engine.sample(rig.table, rig.signal);
    rig.clock.advance(2500);
    const ports = rig.engine.portsChanged(new Map(), rig.table);
    const sampled = rig.engine.sample(rig.table, rig.signal);
    await turn();
    read(rig.table, rig.clock.now(), [{ n: 1, actions: outputTo('vm3') }]);
    backend.release();
    await ports;
    assert.equal((await sampled)?.result, 'different');
    assert.deepEqual(rig.installed(), [1], 'the next tick decides');
  });
});
