import assert from 'node:assert/strict';
import { chooseHook } from '../../../../adapters/nic/host/choice.ts';

describe('the hook of a port', () => {
  const auto = { setting: 'auto', ingress: 'tcx' } as const;

  it('is XDP for the userspace datapath, which gets packets before tcx', () => {
    const { hook, reason } = chooseHook({ datapath: 'userspace' }, auto);
    assert.deepEqual([hook, reason], ['xdp', 'userspace-datapath']);
  });

  it('is tcx for the kernel datapath', () => {
    const { hook, reason } = chooseHook({ datapath: 'kernel' }, auto);
    assert.deepEqual([hook, reason], ['tcx', 'kernel-datapath']);
  });

  it('is a tc filter for the kernel datapath where the kernel has no tcx', () => {
    const { hook, reason, why } = chooseHook(
      { datapath: 'kernel' },
      { ...auto, ingress: 'cls_bpf' },
    );
    assert.deepEqual([hook, reason], ['cls_bpf', 'no-tcx']);
    assert.match(why, /tcx, which does the same, needs Linux 6\.6/);
  });

  it('is XDP for the kernel datapath where the kernel rejects the other program', () => {
    const facts = { ...auto, ingress: { unusable: 'tcx cannot be used' } };
    assert.deepEqual(chooseHook({ datapath: 'kernel' }, facts), {
      hook: 'xdp',
      reason: 'program-rejected',
      why: 'tcx cannot be used',
    });
  });

  it('is XDP where the datapath is not known', () => {
    const { hook, reason } = chooseHook({}, auto);
    assert.deepEqual([hook, reason], ['xdp', 'unknown-datapath']);
  });

  for (const setting of ['xdp', 'tcx', 'cls_bpf'] as const) {
    it(`is ${setting} where that is configured`, () => {
      const facts = { setting, ingress: 'tcx' } as const;
      for (const datapath of ['kernel', 'userspace'] as const) {
        const { hook, reason } = chooseHook({ datapath }, facts);
        assert.deepEqual([hook, reason], [setting, 'configured']);
      }
    });
  }
});
