import assert from 'node:assert/strict';
import { parseConfig } from '../../config/load-config.ts';
import { createNode } from '../../daemon/node.ts';
import { recordingLog } from '../support/quiet-log.ts';

/** The node of a configuration with these settings of Open vSwitch; nothing is connected. */
function nodeWith(ovs: string): ReturnType<typeof createNode> {
  const text = `{"node": {"adapter": "ovs", "ovs": ${ovs}}, "backend": {"adapter": "none"}, "policies": ["p.json"]}`;
  const clock = { now: () => 0 };
  return createNode(parseConfig(text, '/etc/norikae/norikae.json'), clock, recordingLog().log);
}

describe('the source of flows that the configuration chooses', () => {
  it('is ovs-vswitchd by default', async () => {
    const node = nodeWith('{"flowMonitor": false}');
    assert.equal(node.flows.name, 'ovs');
    assert(!('onActionsChange' in node.flows));
    await node.close();
  });

  it('is the kernel on request, which reports changed actions', async () => {
    const node = nodeWith('{"flowMonitor": false, "readFlowsFrom": "kernel"}');
    assert.equal(node.flows.name, 'ovs-kernel');
    assert.match(node.description, /flows from the kernel$/);
    assert('onActionsChange' in node.flows);
    await node.close();
  });
});
