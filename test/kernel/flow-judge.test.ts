import assert from 'node:assert/strict';
import { NetlinkRequests } from '../../protocols/netlink/requests.ts';
import { datapaths, vports } from '../../protocols/netlink/ovs/datapaths.ts';
import { ovsFamilies } from '../../protocols/netlink/ovs/families.ts';
import { flowDump } from '../../protocols/netlink/ovs/flows.ts';
import { PROTOCOL } from '../../protocols/netlink/socket.ts';
import { generatedFlows } from '../adapters/ovs/dump/peer/generated-flows.ts';
import { type Recording, writeRecording } from '../adapters/ovs/kernel/recording.ts';
import { flowsOfMessages, flowsOfText } from '../adapters/ovs/kernel/same-flows.ts';
import { needs } from '../support/needs.ts';
import { SystemDatapath } from './support/system-datapath.ts';

const SEED = 20_261_129;
/** Where to write a recording. */
const RECORD_TO = process.env['NORIKAE_RECORD_FLOWS'];
/** A recording has more flows: they are made once. */
const FLOWS = RECORD_TO === undefined ? 60 : 400;
/** Flows to compare at least, of each generated one; fewer would be a weak judge. */
const MIN_ACCEPTED = 0.75;

/*
 * Generated flows are put into a datapath of this kernel. What netlink gives of them is compared
 * with what ovs-vswitchd prints of them. NORIKAE_RECORD_FLOWS names a folder for a recording that
 * `test/adapters/ovs/kernel` replays without such a kernel.
 */
describe('flows of the kernel datapath, compared with what OVS prints', function () {
  this.timeout(240_000);
  let datapath: SystemDatapath | undefined;
  let requests: NetlinkRequests | undefined;

  before(async function () {
    needs(this, 'kernel-lab', 'root', 'netns', 'ovs');
    datapath = await SystemDatapath.start();
    requests = new NetlinkRequests(PROTOCOL.generic, { timeoutMs: 20_000, open: datapath.open });
  });
  after(async () => {
    requests?.close();
    await datapath?.stop();
  });

  async function record(): Promise<Recording> {
    assert(datapath !== undefined && requests !== undefined);
    const families = await ovsFamilies(requests);
    assert(families !== undefined);
    const [{ ifindex, name }] = await datapaths(requests, families);
    assert.equal(name, datapath.name);
    const ports = await vports(requests, families, ifindex);
    const payload = flowDump(families, ifindex, 0);
    const messages = await requests.dump('OVS_FLOW_CMD_GET', families.flow.id, payload);
    return {
      messages: messages.map((message) => message.payload),
      text: await datapath.dump(),
      ports: new Map(ports.map((port) => [port.number, port.name])),
    };
  }

  it('reads the same matches and actions', async () => {
    assert(datapath !== undefined);
    let accepted = 0;
    for (const [n, flow] of generatedFlows(SEED, FLOWS).entries()) {
      accepted += await datapath.addFlow(flow, n);
    }
    assert(accepted >= MIN_ACCEPTED * FLOWS, `${accepted} flows`);
    const recording = await record();
    assert.equal(recording.messages.length, accepted);
    assert.deepEqual(flowsOfMessages(recording), flowsOfText(recording.text));
    if (RECORD_TO !== undefined) writeRecording(RECORD_TO, 'generated', recording);
  });
});
