import assert from 'node:assert/strict';
import { chooseHook } from '../../../../adapters/nic/host/choice.ts';

describe('the hook of a port', () => {
  const auto = { setting: 'auto', noTcx: undefined } as const;

  it('is XDP for the userspace datapath, which gets packets before tcx', () => {
    const { hook, reason } = chooseHook({ datapath: 'userspace' }, auto);
    assert.deepEqual([hook, reason], ['xdp', 'userspace-datapath']);
  });

  it('is tcx for the kernel datapath', () => {
    const { hook, reason } = chooseHook({ datapath: 'kernel' }, auto);
    assert.deepEqual([hook, reason], ['tcx', 'kernel-datapath']);
  });

  it('is XDP for the kernel datapath where the kernel has no tcx', () => {
    const choice = chooseHook({ datapath: 'kernel' }, { ...auto, noTcx: 'tcx needs Linux 6.6' });
    assert.deepEqual(choice, { hook: 'xdp', reason: 'no-tcx', why: 'tcx needs Linux 6.6' });
  });

  it('is XDP where the datapath is not known', () => {
    const { hook, reason } = chooseHook({}, auto);
    assert.deepEqual([hook, reason], ['xdp', 'unknown-datapath']);
  });

  for (const setting of ['xdp', 'tcx'] as const) {
    it(`is ${setting} where that is configured`, () => {
      const facts = { setting, noTcx: undefined };
      for (const datapath of ['kernel', 'userspace'] as const) {
        const { hook, reason } = chooseHook({ datapath }, facts);
        assert.deepEqual([hook, reason], [setting, 'configured']);
      }
    });
  }
});
