import assert from 'node:assert/strict';
import { planStages } from '../../../scripts/testing/plan.mjs';

const A = 'test/a/one.test.ts';
const AB = 'test/a/b/two.test.ts';
const AX = 'test/ax/three.test.ts';
const C = 'test/c/four.test.ts';

describe('plan of lanes', () => {
  it('assigns a file to the lane with the nearest folder', () => {
    const stages = [
      [
        { name: 'first', folders: ['a'] },
        { name: 'second', folders: ['a/b', 'c'] },
      ],
      [{ name: 'others', folders: [''] }],
    ];
    assert.deepEqual(planStages(stages, [AB, A, AX, C]), [
      [
        { name: 'first', files: [A] },
        { name: 'second', files: [AB, C] },
      ],
      [{ name: 'others', files: [AX] }],
    ]);
  });

  it('runs folders in the order of their lane', () => {
    const [[lane]] = planStages([[{ name: 'all', folders: ['c', 'a'] }]], [A, AB, C]);
    assert.deepEqual(lane.files, [C, A, AB]);
  });

  it('has no empty lane, no empty stage, and no file without a lane', () => {
    const stages = [
      [{ name: 'gone', folders: ['gone'] }],
      [
        { name: 'none', folders: ['none'] },
        { name: 'a', folders: ['a'] },
      ],
    ];
    assert.deepEqual(planStages(stages, [A, C]), [[{ name: 'a', files: [A] }]]);
  });
});
