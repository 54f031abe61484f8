import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findKernel, KERNEL_SOURCES, type LabKernel } from '../../../lab/kernel/cache.ts';
import { GuestDied, GuestTimeout, runGuest } from '../../../lab/kernel/guest.ts';
import { run } from '../../../lab/testbed/run.ts';
import { packageRoot } from '../../../platform/package-root.ts';
import { needs } from '../../support/needs.ts';

/** A boot takes 7 s on an idle machine; here others boot at the same time. */
const BOOT_MS = 60_000;

describe('guest of the kernel lab', function () {
  this.timeout(BOOT_MS + 10_000);
  let kernel: LabKernel;

  before(function () {
    needs(this, 'kernel-guests');
    kernel = findKernel('release');
  });

  /** Runs a script in a guest; adds the lines of its console. */
  function inGuest(script: string, lines: string[] = [], timeoutMs = BOOT_MS, on = kernel) {
    return runGuest({
      kernel: on,
      command: ['sh', '-c', script],
      env: { QUOTED: `it's "$HOME"` },
      timeoutMs,
      onLine: (line) => lines.push(line),
      sriov: true,
    });
  }

  /** QEMU processes that this process has started. */
  async function ownGuests(): Promise<string> {
    const found = await run('ps', ['--ppid', String(process.pid), '-o', 'comm=']);
    return found
      .split('\n')
      .filter((name) => name.startsWith('qemu'))
      .join();
  }

  for (const source of KERNEL_SOURCES) {
    it(`runs a command on the kernel of ${source}, with its output and status`, async () => {
      const on = findKernel(source);
      const lines: string[] = [];
      const marker = join(packageRoot(), `written-by-guest-${process.pid}`);
      const script = `
        uname -r; pwd; echo "$QUOTED"; tty
        modprobe -a openvswitch cls_flower act_mirred act_pedit act_vlan act_tunnel_key act_police vxlan &&
          echo modules
        touch '${marker}' && test -e '${marker}' && echo written
        modprobe igb
        while [ ! -e /sys/class/net/eth1 ]; do sleep 0.1; done
        cat /sys/class/net/eth0/device/sriov_totalvfs /sys/class/net/eth1/device/sriov_totalvfs
        echo '{"some":"result"}' > /run/lab/result
        exit 3`;
      const end = await inGuest(script, lines, BOOT_MS, on);
      assert.deepEqual(end, { status: 3, result: '{"some":"result"}\n' });
      const expected = [on.version, packageRoot(), `it's "$HOME"`, '/dev/ttyS0', 'modules'];
      const printed = lines.slice(lines.indexOf(on.version));
      assert.deepEqual(printed.slice(0, 8), [...expected, 'written', '7', '7'], lines.join('\n'));
      assert(!existsSync(marker), 'the guest has written to the host');
    });
  }

  it('is reported when it ends before its command', async () => {
    const script = 'echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger; sleep 60';
    await assert.rejects(inGuest(script), (error) => {
      assert(error instanceof GuestDied);
      assert.match(error.message, /sysrq triggered crash/);
      return true;
    });
  });

  it('is killed when it does not end in time', async () => {
    const startedMs = performance.now();
    await assert.rejects(inGuest('sleep 1000', [], 1_500), GuestTimeout);
    assert(performance.now() - startedMs < 5_000);
    assert.equal(await ownGuests(), '');
  });
});
