import assert from 'node:assert/strict';
import { join } from 'node:path';
import { monotonicMs } from '../../async/monotonic.ts';
import { parseConfig } from '../../config/load-config.ts';
import { createNode } from '../../daemon/node.ts';
import { recordingLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('receive filters of the daemon', function () {
  this.timeout(20_000);

  it('are its backend where they are configured, and say so when the NIC has none', async () => {
    const folder = temporaryFolder();
    const text = JSON.stringify({
      node: { adapter: 'ovs', ovs: { flowMonitor: false } },
      backend: { adapter: 'ntuple', entries: 50 },
      policies: ['p.json'],
      receiveFilters: {
        uplink: 'lo',
        addressesAreUnique: true,
        journal: join(folder.path, 'journal'),
        targets: [{ port: 'vnet0', vf: 0 }],
      },
    });
    const config = parseConfig(text, '/etc/norikae/norikae.json');
    const node = createNode(config, { now: monotonicMs }, recordingLog().log);
    const [backend] = node.backends;
    const { entries, placement, countsTraffic } = backend.capabilities();
    assert.deepEqual(
      [backend.name, entries, placement, countsTraffic],
      ['ntuple', 50, 'offload', false],
    );
    await assert.rejects(
      backend.start(new Map(), new AbortController().signal),
      /filters of lo reports: lo: the driver refuses to count/,
    );
    await backend.close('withdraw');
    await node.close();
    folder.remove();
  });
});
