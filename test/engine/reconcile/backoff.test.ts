import assert from 'node:assert/strict';
import { backoffMs } from '../../../engine/reconcile/backoff.ts';
import type { RefusalCode } from '../../../engine/model/refusal.ts';

const waits = (code: RefusalCode): readonly number[] =>
  Array.from({ length: 14 }, (_, n) => backoffMs(n + 1, code));

describe('the time before a refused flow is tried again', () => {
  it('is short at first for a flow without a place, and at most 16 s', () => {
    for (const code of ['probe-depth', 'table-full'] as const) {
      assert.deepEqual(
        waits(code),
        [250, 500, 1000, 1000, 1000, 1000, 1000, 1000, 2000, 4000, 8000, 16_000, 16_000, 16_000],
      );
    }
  });

  it('doubles from a second to 64 s for other refusals', () => {
    assert.deepEqual(
      waits('device-error').slice(0, 9),
      [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 64_000, 64_000],
    );
  });
});
