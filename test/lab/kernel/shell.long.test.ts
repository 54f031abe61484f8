import assert from 'node:assert/strict';
import { run } from '../../../lab/testbed/run.ts';
import { needs } from '../../support/needs.ts';
import { ownProgram } from '../../support/own-program.ts';

const SHELL_MS = 240_000;

describe('npm run lab -- kernel', function () {
  this.timeout(SHELL_MS + 10_000);

  it('runs a command on a node with kernel Open vSwitch, two VMs and the daemon', async function () {
    needs(this, 'kernel-guests', 'ovs', 'netns', 'xdp');
    const command = [
      'ovs-appctl dpctl/show',
      'vm1 ip -brief address show eth0',
      'vm2 ip -brief address show eth0',
      'norikae status --json',
    ].join(' && ');
    const lab = [...ownProgram('lab/main'), 'kernel', command];
    const output = await run(process.execPath, lab, { timeoutMs: SHELL_MS });
    assert.match(output, /^system@ovs-system:/m);
    for (const address of ['10.9.0.1/16', '10.9.0.2/16']) assert(output.includes(address), output);
    assert.match(output, /"fresh": ?true/);
  });
});
