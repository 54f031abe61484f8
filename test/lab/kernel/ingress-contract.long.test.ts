import assert from 'node:assert/strict';
import { needs } from '../../support/needs.ts';
import { runInGuest } from '../../support/run-in-guest.ts';

const GUEST_MS = 8 * 60_000;
const CONTRACT = new URL('../../adapters/nic/tcx/tcx-contract.test.js', import.meta.url);

/** Kernels, and the number of tests that pass there: the contract holds for each hook that there is. */
const KERNELS = [
  { kernel: 'release', hooks: 'cls_bpf', passing: /\b40 passing/ },
  { kernel: 'backports', hooks: 'tcx and cls_bpf', passing: /\b80 passing/ },
] as const;

describe('the contract of backends, at tc ingress', function () {
  this.timeout(GUEST_MS + 60_000);

  before(function () {
    needs(this, 'root', 'kernel-guests', 'netns', 'xdp', 'debian-python3');
  });

  for (const { kernel, hooks, passing } of KERNELS) {
    it(`holds for ${hooks} on the kernel ${kernel}`, async () => {
      const { status, text } = await runInGuest(kernel, CONTRACT);
      assert.equal(status, 0, text);
      assert.match(text, passing);
    });
  }
});
