import assert from 'node:assert/strict';
import { needs } from '../../support/needs.ts';
import { runInGuest } from '../../support/run-in-guest.ts';

const GUEST_MS = 8 * 60_000;

/** Each hook on a kernel for which `auto` chooses it. */
const KERNELS = [
  { hook: 'cls_bpf', kernel: 'release', file: 'cls-contract.long' },
  { hook: 'tcx', kernel: 'backports', file: 'tcx-contract' },
] as const;

describe('the contract of backends, at tc ingress', function () {
  this.timeout(GUEST_MS + 60_000);

  before(function () {
    needs(this, 'root', 'kernel-guests', 'netns', 'xdp', 'debian-python3');
  });

  for (const { hook, kernel, file } of KERNELS) {
    it(`holds for ${hook} on the kernel ${kernel}`, async () => {
      const contract = new URL(`../../adapters/nic/tcx/${file}.test.js`, import.meta.url);
      const { status, text } = await runInGuest(kernel, contract);
      assert.equal(status, 0, text);
      assert.match(text, /\b40 passing/);
    });
  }
});
