import assert from 'node:assert/strict';
import { constants } from 'node:os';
import {
  GATE_PRIORITY,
  isRulePriority,
  placeOf,
  RULE_PLACES,
} from '../../../../adapters/nic/flower/priorities.ts';
import { refusalOf } from '../../../../adapters/nic/flower/refusals.ts';
import { NetlinkRefused } from '../../../../protocols/netlink/errors.ts';

const { ENOSPC, EBUSY, EOPNOTSUPP, EEXIST } = constants.errno;

describe('refusals of flower rules', () => {
  for (const { errno, words, code } of [
    { errno: ENOSPC, words: 'labnic: Flow table is full', code: 'table-full' },
    { errno: EBUSY, words: 'No free entry within the probe limit', code: 'probe-depth' },
    { errno: EOPNOTSUPP, words: 'Unsupported match key', code: 'unsupported-match' },
    { errno: EEXIST, words: '', code: 'device-error' },
  ]) {
    it(`with errno ${errno} are ${code}, in the driver's words`, () => {
      const refusal = refusalOf(new NetlinkRefused('RTM_NEWTFILTER', errno, words));
      assert.equal(refusal.code, code);
      assert(refusal.detail.includes(words), refusal.detail);
    });
  }
});

describe('priorities of flower rules', () => {
  it('are behind the gate, within what drivers take, and one for each protocol', () => {
    const priorities = RULE_PLACES.map(({ priority }) => priority);
    assert.equal(new Set(priorities).size, RULE_PLACES.length);
    assert(priorities.every((priority) => priority > GATE_PRIORITY && priority <= 16));
    assert(priorities.every(isRulePriority));
    assert(!isRulePriority(GATE_PRIORITY));
    assert(!isRulePriority(16));
    assert.equal(placeOf(0x0800).protocol, 0x0800);
    assert.equal(placeOf(0x8847).protocol, 3, 'any');
  });
});
