import assert from 'node:assert/strict';
import { Cleanup } from '../../lab/testbed/cleanup.ts';
import { Iperf3Client, startIperf3Server } from '../../lab/testbed/iperf3.ts';
import { NameMaker } from '../../lab/testbed/names.ts';
import { Namespace } from '../../lab/testbed/namespace.ts';
import { OvsInstance } from '../../lab/testbed/ovs.ts';
import { run } from '../../lab/testbed/run.ts';
import { createVethPort } from '../../lab/testbed/veth.ts';
import { needs } from '../support/needs.ts';

describe('the testbed', function () {
  this.timeout(60_000);
  let cleanup: Cleanup;
  const names = new NameMaker();

  before(function () {
    needs(this, 'root', 'netns', 'ovs', 'iperf3');
  });
  beforeEach(() => {
    cleanup = new Cleanup();
  });
  afterEach(() => cleanup.run());

  it('carries TCP between two VMs over its own vSwitch, through restarts', async () => {
    const ovs = await OvsInstance.start(cleanup, names);
    await ovs.addBridge('br0');
    const vms: Namespace[] = [];
    for (const n of [1, 2]) {
      const vm = await Namespace.create(cleanup, names, 'v');
      const name = `vm${n}`;
      const mac = `02:00:00:00:00:0${n}`;
      const addresses = [`10.9.0.${n}/24`];
      await createVethPort(cleanup, { name, vm, host: ovs.host, mac, addresses });
      await ovs.addPort({ bridge: 'br0', name, vm: name, slice: 'gold', mac });
      vms.push(vm);
    }
    await startIperf3Server(vms[1]);
    const client = await Iperf3Client.start(vms[0], { server: '10.9.0.2', seconds: 2 });
    await client.done();
    assert.ok(client.intervals.length >= 3);
    assert.ok(client.meanBitsPerSecond(2) > 1e6);
    const flows = await ovs.dumpFlows();
    assert.ok(flows.some((line) => line.includes('in_port(vm1)')));
    assert.equal(
      (await ovs.vsctl('get', 'interface', 'vm1', 'external_ids:"norikae:slice"')).trim(),
      'gold',
    );

    await ovs.stopVswitchd('SIGKILL');
    await ovs.startVswitchd();
    await ovs.stopDatabase();
    await ovs.startDatabase();
    const again = await Iperf3Client.start(vms[0], { server: '10.9.0.2', seconds: 1 });
    await again.done();
    assert.ok(again.meanBitsPerSecond(1) > 1e6);
  });

  it('leaves nothing behind', async () => {
    const ovs = await OvsInstance.start(cleanup, names);
    const pid = ovs.vswitchdPid;
    await cleanup.run();
    assert.ok(!(await run('ip', ['netns', 'list'])).includes(ovs.host.name));
    await assert.rejects(run('ls', [ovs.runDir]));
    assert.throws(() => process.kill(pid ?? 0, 0));
  });
});
