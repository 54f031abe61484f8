import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { matrix } from '../../../lab/compare/cases/parameters.ts';
import { needs } from '../../support/needs.ts';
import { FAULTS, type Fault } from './faults/faults.ts';
import { plant } from './faults/planted.ts';

/*
 * The comparison must show faults of the program. Each fault is planted into a copy of the program by
 * replacing texts, and the case or scenario that concerns it runs on that copy.
 */

const SEED = 1;
const RUN_MS = 240_000;

describe('lab compare shows a fault', function () {
  this.timeout(RUN_MS + 60_000);

  before(function () {
    needs(this, 'root', 'netns', 'ovs', 'xdp', 'nft', 'debian-python3');
  });

  for (const fault of FAULTS) {
    it(fault.what, async function () {
      if (fault.datapath === 'kernel') needs(this, 'kernel-guests');
      const planted = await plant(fault);
      try {
        const once = ['--json', '--rounds', '1', '--seed', String(SEED)];
        const args = [planted.lab, 'compare', ...once, ...where(fault)];
        const ended = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: RUN_MS });
        assert.equal(ended.status, 1, ended.stderr);
        const shown = textsOf(JSON.parse(ended.stdout));
        for (const text of fault.shows) {
          assert(
            shown.some((each) => text.test(each)),
            `it does not show ${text}, but: ${shown.join('; ')}`,
          );
        }
      } finally {
        await planted.remove();
      }
    });
  }
});

function where({ seenIn, datapath = 'userspace' }: Fault): readonly string[] {
  if (typeof seenIn === 'string') return ['--only', seenIn];
  const found = matrix(SEED, datapath).find(({ parameters }) => seenIn(parameters));
  assert(found !== undefined, 'no case of the matrix shows the fault');
  return ['--datapath', datapath, '--case', String(found.number)];
}

function textsOf(report: unknown): readonly string[] {
  assert(typeof report === 'object' && report !== null && 'differences' in report);
  assert(Array.isArray(report.differences));
  return report.differences.map(({ text }: { readonly text: unknown }) => String(text));
}
