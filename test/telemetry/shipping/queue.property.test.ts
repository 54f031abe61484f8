import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Batch, LineQueue } from '../../../telemetry/shipping/queue.ts';

const sizeOf = (lines: readonly string[]): number =>
  lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);

/** Reference model of a queue, slow and simple. */
class Model {
  readonly lines: string[] = [];
  readonly #max: number;
  readonly #bytes: number;

  constructor(max: number, bytes: number) {
    this.#max = max;
    this.#bytes = bytes;
  }

  trim(): number {
    let dropped = 0;
    while (this.lines.length > this.#max || sizeOf(this.lines) > this.#bytes) {
      this.lines.shift();
      dropped++;
    }
    return dropped;
  }
}

describe('queue of lines', () => {
  it('holds what fits, drops the oldest, and takes batches in order', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), line: fc.string({ maxLength: 12 }) }),
      fc.record({
        do: fc.constant('take' as const),
        lines: fc.integer({ min: 1, max: 6 }),
        bytes: fc.integer({ min: 1, max: 60 }),
      }),
      fc.record({ do: fc.constant('give back' as const) }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(step, { maxLength: 80 }),
        (max, bytes, steps) => {
          const queue = new LineQueue({ lines: max, bytes });
          const model = new Model(max, bytes);
          let out: Batch | undefined;
          for (const s of steps) {
            if (s.do === 'push') {
              model.lines.push(s.line);
              assert.equal(queue.push(s.line), model.trim());
            } else if (s.do === 'take') {
              out = queue.takeBatch(s);
              assert.deepEqual(out.lines, model.lines.splice(0, out.lines.length));
              assert.equal(out.bytes, sizeOf(out.lines));
              assert.ok(out.lines.length <= s.lines);
              assert.ok(out.lines.length <= 1 || out.bytes <= s.bytes);
              const next = model.lines.at(0);
              if (next !== undefined && out.lines.length < s.lines) {
                assert.ok(out.lines.length > 0, 'at least one line');
                assert.ok(out.bytes + sizeOf([next]) > s.bytes, 'the next line does not fit');
              }
            } else if (out !== undefined) {
              model.lines.unshift(...out.lines);
              assert.equal(queue.returnBatch(out), model.trim());
              out = undefined;
            }
            assert.equal(queue.length, model.lines.length);
            assert.equal(queue.bytes, sizeOf(model.lines));
          }
          assert.equal(queue.clear(), model.lines.length);
          assert.deepEqual([queue.length, queue.bytes], [0, 0]);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('stays in order over many more lines than fit into it', () => {
    const queue = new LineQueue({ lines: 3_000, bytes: 1e9 });
    let dropped = 0;
    for (let i = 0; i < 20_000; i++) dropped += queue.push(String(i));
    assert.equal(dropped, 17_000);
    const batch = queue.takeBatch({ lines: 3_000, bytes: 1e9 });
    assert.deepEqual([batch.lines.at(0), batch.lines.at(-1)], ['17000', '19999']);
  });
});
