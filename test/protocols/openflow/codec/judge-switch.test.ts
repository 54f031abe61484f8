import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { FlowMod } from '../../../../protocols/openflow/codec/flow-mod.ts';
import type {
  FlowStats,
  FlowStatsRequest,
} from '../../../../protocols/openflow/codec/flow-stats.ts';
import type { FlowUpdate } from '../../../../protocols/openflow/codec/flow-monitor.ts';
import {
  BundleControl,
  BundleFlag,
  FlowCommand,
  FlowFlag,
  Group,
  MonitorFlag,
  NO_BUFFER,
  Port,
  PortReason,
  RemovedReason,
  Role,
  Table,
} from '../../../../protocols/openflow/codec/ids.ts';
import { Wildcard10 } from '../../../../protocols/openflow/codec/match.ts';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import { nameError } from '../../../../protocols/openflow/codec/name-error.ts';
import { inPortOf } from '../../../../protocols/openflow/codec/packet.ts';
import { OF10, OF13, type Version } from '../../../../protocols/openflow/codec/version.ts';
import { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { OvsInstance } from '../../../../lab/testbed/ovs.ts';
import { needs } from '../../../support/needs.ts';
import { apply, bytes, field, flowMod, match10, NOTHING, output, oxm } from './examples.ts';
import { Peer } from './peer.ts';

const FRAME = bytes(`ffffffffffff02000000000188cc${'00'.repeat(46)}`);

/** Neither a number that a port can have nor one of the reserved ones. */
const NO_SUCH_PORT = 0xfffffff0;

/** A flow of this test, by number: UDP to that port, and out of port 1. */
function flow(version: Version, n: number, change: Partial<FlowMod> = {}): FlowMod {
  const match =
    version === OF10
      ? match10(
          { ethType: 0x0800, ipProto: 17, tpDst: n },
          Wildcard10.ethType | Wildcard10.ipProto | Wildcard10.tpDst,
        )
      : oxm(
          field('eth_type', '0800'),
          field('ip_proto', '11'),
          field('udp_dst', n.toString(16).padStart(4, '0')),
        );
  return flowMod({ cookie: BigInt(n), match, instructions: apply(output(1)), ...change });
}

for (const version of [OF10, OF13] as const) {
  const name = version === OF10 ? 'OpenFlow10' : 'OpenFlow13';
  describe(`openflow codec: a switch that connects to us over ${name}`, function () {
    this.timeout(30_000);
    const cleanup = new Cleanup();
    const peer = new Peer(version);
    let ovs: OvsInstance;

    const ofctl = (...args: readonly string[]) =>
      ovs.host.exec('ovs-ofctl', ['-O', name, '--timeout=5', ...args], {
        env: { OVS_RUNDIR: ovs.runDir },
      });
    const dump = () => ofctl('dump-flows', '--no-stats', 'br0');

    /** The flows that the switch tells of when it is asked for all, save for what `change` says. */
    async function ask(change: Partial<FlowStatsRequest>): Promise<readonly FlowStats[]> {
      const match = version === OF10 ? match10({}, 0) : oxm();
      const cookie = { cookie: 0n, cookieMask: 0n };
      const all = { tableId: Table.all, outPort: Port.any, outGroup: Group.any, ...cookie, match };
      const body = { kind: 'flow', ...all, ...change } as const;
      const request = { type: 'multipart-request', xid: peer.xid(), more: false, body } as const;
      const reply = await peer.ask(request, 'multipart-reply');
      assert.ok(reply.body.kind === 'flow' && !reply.more);
      return reply.body.flows;
    }

    before(async function () {
      needs(this, 'root', 'ovs', 'netns');
      ovs = await OvsInstance.start(cleanup, new NameMaker());
      await ovs.addBridge('br0');
      await ovs.vsctl('set', 'bridge', 'br0', `protocols=${name}`, 'fail_mode=secure');
      await ovs.vsctl(
        'add-port',
        'br0',
        'p1',
        '--',
        'set',
        'interface',
        'p1',
        'type=internal',
        'ofport_request=1',
      );
      const socket = join(ovs.runDir, 'controller');
      await peer.start(socket);
      cleanup.add({ name: 'peer', undo: () => peer.stop(), undoNow: () => undefined });
      await ovs.vsctl('set-controller', 'br0', `unix:${socket}`);
    });

    after(() => cleanup.run());

    it('sends hello, and its description', async () => {
      await peer.take('hello');
      peer.send({ type: 'hello', xid: peer.xid(), versions: [version], other: NOTHING });
      const features = await peer.ask(
        { type: 'features-request', xid: peer.xid() },
        'features-reply',
      );
      assert.ok(features.datapathId > 0n);
      assert.equal(features.tables, 254);
      const config = { type: 'get-config-request', xid: peer.xid() } as const;
      assert.equal((await peer.ask(config, 'get-config-reply')).flags, 0);
      const request = { type: 'multipart-request', xid: peer.xid(), more: false } as const;
      const ports = await peer.ask({ ...request, body: { kind: 'port-desc' } }, 'multipart-reply');
      assert.ok(ports.body.kind === 'port-desc');
      const names = ports.body.ports.map((p) => [p.portNo, p.name]);
      assert.deepEqual(
        names.sort(([a], [b]) => Number(a) - Number(b)),
        [
          [1, 'p1'],
          [Port.local, 'br0'],
        ],
      );
    });

    it('grants the requested role', async () => {
      const request = { type: 'role-request', xid: peer.xid(), generationId: 0n } as const;
      const reply = await peer.ask({ ...request, role: Role.equal }, 'role-reply');
      assert.equal(reply.role, Role.equal);
    });

    it('executes our flow-mods', async () => {
      peer.send(flow(version, 1, { priority: 7, hardTimeout: 60 }), flow(version, 2));
      peer.send(flow(version, 2, { command: FlowCommand.modifyStrict, instructions: [] }));
      await peer.barrier();
      assert.match(
        await dump(),
        /cookie=0x1, hard_timeout=60, priority=7,udp,tp_dst=1 actions=output:1/,
      );
      assert.match(await dump(), /cookie=0x2, priority=100,udp,tp_dst=2 actions=drop/);
      const flows = await ask({});
      assert.deepEqual(
        flows.map((f) => Number(f.cookie)).sort((x, y) => x - y),
        [1, 2],
      );
      const first = flows.find((f) => f.cookie === 1n);
      assert.deepEqual(first?.match, flow(version, 1).match);
      assert.deepEqual(first?.instructions, flow(version, 1).instructions);
    });

    it('reports the flows that a request selects, and no others', async () => {
      const cookies = async (change: Partial<FlowStatsRequest>) =>
        (await ask(change)).map((f) => Number(f.cookie));
      assert.deepEqual(await cookies({ outPort: 1 }), [1]);
      assert.deepEqual(await cookies({ tableId: 1 }), []);
      assert.deepEqual(await cookies({ match: flow(version, 2).match }), [2]);
      if (version === OF10) return;
      assert.deepEqual(await cookies({ cookie: 0n, cookieMask: 2n }), [1]);
      assert.deepEqual(await cookies({ outGroup: 7 }), []);
    });

    it('answers an unsupported request with an error for it', async () => {
      const bad = flow(version, 3, { xid: peer.xid(), command: 77 });
      const error = await peer.ask(bad, 'error');
      assert.deepEqual(nameError(error, version), { type: 'FLOW_MOD_FAILED', code: 'BAD_COMMAND' });
      const request = encode(bad, version);
      assert.deepEqual(error.data, request.slice(0, error.data.length));
      assert.ok(error.data.length >= Math.min(64, request.length));
      const nowhere = flow(version, 3, {
        xid: peer.xid(),
        instructions: apply(output(NO_SUCH_PORT)),
      });
      const second = nameError(await peer.ask(nowhere, 'error'), version);
      assert.deepEqual(second, { type: 'BAD_ACTION', code: 'BAD_OUT_PORT' });
    });

    it('reports removed flows, ports and packets', async () => {
      const all = [0xff, 0xff] as const;
      peer.send({
        type: 'set-async',
        xid: peer.xid(),
        packetIn: all,
        portStatus: all,
        flowRemoved: all,
      });
      peer.send(flow(version, 4, { flags: FlowFlag.sendFlowRemoved, idleTimeout: 9 }));
      await peer.barrier();
      await ofctl('del-flows', 'br0', 'udp,tp_dst=4');
      const removed = await peer.take('flow-removed');
      assert.equal(removed.cookie, 4n);
      assert.equal(removed.reason, RemovedReason.delete);
      assert.equal(removed.idleTimeout, 9);
      assert.deepEqual(removed.match, flow(version, 4).match);

      await ovs.vsctl(
        'add-port',
        'br0',
        'p2',
        '--',
        'set',
        'interface',
        'p2',
        'type=internal',
        'ofport_request=2',
      );
      const added = await peer.take('port-status', (m) => m.reason === PortReason.add);
      assert.deepEqual([added.port.name, added.port.portNo], ['p2', 2]);

      peer.send({
        type: 'packet-out',
        xid: peer.xid(),
        bufferId: NO_BUFFER,
        inPort: 2,
        actions: [{ kind: 'output', port: Port.controller, maxLen: 0xffff }],
        data: FRAME,
      });
      const packet = await peer.take('packet-in');
      assert.equal(inPortOf(packet.match), 2);
      assert.deepEqual(packet.data, FRAME);
    });

    it('reports changes to a monitor, our own abbreviated', async () => {
      const flags = MonitorFlag.add | MonitorFlag.delete | MonitorFlag.modify | MonitorFlag.actions;
      const monitor = { id: 9, flags, outPort: Port.any, tableId: Table.all, match: oxm() };
      const body = { kind: 'flow-monitor', monitors: [monitor] } as const;
      const request = { type: 'multipart-request', xid: peer.xid(), more: false, body } as const;
      const first = await peer.ask(request, 'multipart-reply');
      assert.deepEqual(first.body, { kind: 'flow-monitor', updates: [] });

      await ofctl('add-flow', 'br0', 'udp,tp_dst=5,actions=2');
      await ofctl('mod-flows', 'br0', 'udp,tp_dst=5,actions=drop');
      await ofctl('del-flows', 'br0', 'udp,tp_dst=5');
      const updates: FlowUpdate[] = [];
      while (updates.length < 3) {
        const { body: told } = await peer.take('multipart-reply');
        assert.ok(told.kind === 'flow-monitor');
        updates.push(...told.updates);
      }
      assert.deepEqual(
        updates.map((u) => u.kind),
        ['added', 'modified', 'deleted'],
      );
      const [added] = updates;
      assert.deepEqual(added.kind === 'added' ? added.instructions : [], apply(output(2)));

      const ours = flow(version, 6, { xid: peer.xid() });
      peer.send(ours);
      const { body: own } = await peer.take('multipart-reply');
      assert.deepEqual(own, { kind: 'flow-monitor', updates: [{ kind: 'own', xid: ours.xid }] });
      peer.send({ type: 'flow-monitor-cancel', xid: peer.xid(), id: 9 });
      const unknown = { type: 'flow-monitor-cancel', xid: peer.xid(), id: 10 } as const;
      const error = nameError(await peer.ask(unknown, 'error'), version);
      assert.deepEqual(error, { type: 'FLOW_MONITOR_FAILED', code: 'UNKNOWN_MONITOR' });
    });

    if (version === OF10) return;

    it('executes a bundle when it is committed, and not before', async () => {
      const flags = BundleFlag.atomic | BundleFlag.ordered;
      const control = (what: number, bundle: number) =>
        ({
          type: 'bundle-control',
          xid: peer.xid(),
          bundle,
          control: what,
          flags,
          properties: NOTHING,
        }) as const;
      const put = (bundle: number, n: number, change: Partial<FlowMod> = {}) => {
        const message = flow(version, n, { ...change, xid: peer.xid() });
        peer.send({
          type: 'bundle-add',
          xid: message.xid,
          bundle,
          flags,
          message,
          properties: NOTHING,
        });
        return message.xid;
      };
      const opened = await peer.ask(control(BundleControl.openRequest, 1), 'bundle-control');
      assert.equal(opened.control, BundleControl.openReply);
      for (const n of [100, 101, 102]) put(1, n);
      await peer.barrier();
      assert.doesNotMatch(await dump(), /tp_dst=10[012]/);
      const done = await peer.ask(control(BundleControl.commitRequest, 1), 'bundle-control');
      assert.equal(done.control, BundleControl.commitReply);
      for (const n of [100, 101, 102]) assert.match(await dump(), new RegExp(`tp_dst=${n} `));

      await peer.ask(control(BundleControl.openRequest, 2), 'bundle-control');
      put(2, 103);
      const wrong = put(2, 104, { instructions: apply(output(NO_SUCH_PORT)) });
      const error = await peer.take('error', (m) => m.xid === wrong);
      assert.deepEqual(nameError(error, version), { type: 'BAD_ACTION', code: 'BAD_OUT_PORT' });
      const discarded = await peer.ask(control(BundleControl.discardRequest, 2), 'bundle-control');
      assert.equal(discarded.control, BundleControl.discardReply);
      const nothing = await peer.ask(control(BundleControl.commitRequest, 3), 'error');
      assert.deepEqual(nameError(nothing, version), { type: 'BUNDLE_FAILED', code: 'BAD_ID' });
    });

    it('reports the enabled asynchronous messages', async () => {
      const masks = { packetIn: [1, 0], portStatus: [7, 7], flowRemoved: [4, 0] } as const;
      peer.send({ type: 'set-async', xid: peer.xid(), ...masks });
      const request = { type: 'get-async-request', xid: peer.xid() } as const;
      const reply = await peer.ask(request, 'get-async-reply');
      assert.deepEqual(reply, { type: 'get-async-reply', xid: request.xid, ...masks });
    });
  });
}
