import { join } from 'node:path';
import type { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { OvsInstance } from '../../../../lab/testbed/ovs.ts';
import { Recorder } from './exchange.ts';

/** A switch `br0` with ports 1 and 2 that speaks both versions, and a recorder in front of it. */
export async function startRecorded(
  cleanup: Cleanup,
): Promise<{ readonly recorder: Recorder; readonly directory: string }> {
  const ovs = await OvsInstance.start(cleanup, new NameMaker());
  const directory = ovs.runDir;
  await ovs.addBridge('br0');
  await ovs.vsctl('set', 'bridge', 'br0', 'protocols=OpenFlow10,OpenFlow13');
  for (const [i, port] of ['p1', 'p2'].entries()) {
    const settings = ['type=internal', `ofport_request=${i + 1}`];
    await ovs.vsctl('add-port', 'br0', port, '--', 'set', 'interface', port, ...settings);
  }
  const recorder = new Recorder(join(directory, 'recorder'), join(directory, 'br0.mgmt'));
  await recorder.start();
  cleanup.add({ name: 'recorder', undo: () => recorder.stop(), undoNow: () => undefined });
  return { recorder, directory };
}
