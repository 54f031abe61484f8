import assert from 'node:assert/strict';
import { join } from 'node:path';
import { monotonicMs } from '../../async/monotonic.ts';
import { parseConfig } from '../../config/load-config.ts';
import { createNode } from '../../daemon/node.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('virtual functions of the daemon', function () {
  this.timeout(20_000);

  it('are its backend where they are configured, and say so when the NIC is not there', async () => {
    const folder = temporaryFolder();
    const text = JSON.stringify({
      node: { adapter: 'ovs', ovs: { flowMonitor: false } },
      backend: { adapter: 'vf', entries: 50 },
      policies: ['p.json'],
      guests: { directory: folder.path },
      sriov: {
        uplink: 'no-such-nic',
        journal: join(folder.path, 'journal'),
        vms: [{ port: 'vnet0', guest: 'vm1', vf: 0, vfMac: '02:0f:00:00:00:01' }],
      },
    });
    const config = parseConfig(text, '/etc/norikae/norikae.json');
    const node = createNode(config, { now: monotonicMs }, recordingLog().log);
    assert.deepEqual(
      node.backends.map(({ name }) => name),
      ['vf'],
    );
    const [backend] = node.backends;
    const { entries, placement, description } = backend.capabilities();
    assert.deepEqual([entries, placement], [50, 'offload']);
    assert.equal(description, '1 virtual functions of no-such-nic, steered by MAC addresses');
    await assert.rejects(
      backend.start(new Map(), new AbortController().signal),
      /reports: there is no device no-such-nic: name the physical function/,
    );
    await backend.close('withdraw');
    await node.close();
    folder.remove();
  });
});
