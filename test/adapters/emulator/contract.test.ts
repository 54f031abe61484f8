import { describeFlowSource } from '../../contract/flow-source.ts';
import { describeFlowVerifier } from '../../contract/flow-verifier.ts';
import { describeHostSource } from '../../contract/host-source.ts';
import { describeOffloadBackend } from '../../contract/offload-backend.ts';
import { describePortDirectory } from '../../contract/port-directory.ts';
import { exact } from '../../../adapters/emulator/megaflow.ts';
import { flowBetween, quietNode } from './fixture.ts';

const FRAME = 1_514;

describeOffloadBackend(
  'emulator',
  async ({ entries, leaseMs, heartbeatMs }) => {
    const { node, clock } = quietNode({ tableEntries: entries, leaseMs, heartbeatMs });
    const flow = (n: number) => flowBetween('vm0', 'vm1', n);
    const twice = [
      { kind: 'output', port: 'vm1' },
      { kind: 'output', port: 'vm2' },
    ] as const;
    const { match } = flow(150);
    return {
      backend: node.backend,
      inPort: 'vm0',
      outPort: 'vm1',
      otherPort: 'vm2',
      ports: () => node.ports(),
      flow,
      redirected: (n) => ({ ...flow(n), actions: [{ kind: 'output', port: 'vm2' }] }),
      refused: [
        {
          what: 'copies to two ports',
          flow: { ...flow(150), actions: twice },
          code: 'unsupported-action',
        },
        {
          what: 'a field the NIC does not parse',
          flow: { ...flow(150), match: { ...match, fields: [exact('tcp_flags', 2)] } },
          code: 'unsupported-match',
        },
        {
          what: 'a port the NIC does not reach',
          flow: { ...flow(150), actions: [{ kind: 'output', port: 'br0' }] },
          code: 'port-unavailable',
        },
      ],
      frameBytes: FRAME,
      send: async (spec, packets) => node.send(spec, packets),
      received: async (port) => node.sentByNic(port),
      passed: async () => node.totals().vswitchPackets,
      removePort: async (port) => node.removePort(port),
      recreatePort: async (port) => node.recreatePort(port),
      pass: async (ms) => clock.advance(ms),
      nowMs: () => clock.now(),
      passTime: async () => clock.advance(5),
      expireLease: async () => clock.advance(leaseMs),
      passHeartbeat: async () => clock.advance(heartbeatMs),
      restart: async () => node.newBackend(),
      close: async () => undefined,
    };
  },
  { traffic: true, portChanges: true },
);

describeFlowSource(
  'emulator',
  async () => {
    const { node, clock } = quietNode();
    const flow = (n: number) => flowBetween('vm0', 'vm1', n);
    return {
      source: node.flowSource,
      inPort: 'vm0',
      outPort: 'vm1',
      frameBytes: FRAME,
      send: async (n, packets) => {
        node.send(flow(n), packets);
        clock.advance(1);
      },
      find: (table, n) => table.rowOf(flow(n).id),
      forget: async (n) => {
        for (let second = 0; second < 12; second++) {
          clock.advance(1_000);
          // The others go on.
          for (let other = 0; other < 20; other++) if (other !== n) node.send(flow(other), 1);
        }
      },
      drop: async (n) => {
        node.changeActions(flow(n).id, []);
      },
      restart: async () => node.restartVswitch(),
      breakSource: async () => node.faults.set('flows.read', { kind: 'fail', message: 'no' }),
      repairSource: async () => node.faults.clear('flows.read'),
      now: () => clock.now(),
      close: async () => undefined,
    };
  },
  { ruleChanges: true, restarts: true, faults: true },
);

describePortDirectory(
  'emulator',
  async () => {
    const { node } = quietNode();
    node.removePort('vm15');
    return {
      directory: node.portDirectory,
      vmPort: { name: 'vm5', vm: 'vm-5', slice: 'green' },
      sparePort: 'vm15',
      addPort: async () => node.recreatePort('vm15'),
      removePort: async (port) => node.removePort(port),
      recreatePort: async (port) => node.recreatePort(port),
      disconnect: async () => node.portDirectory.disconnect(),
      reconnect: async () => node.portDirectory.connect(),
      close: async () => undefined,
    };
  },
  { disconnects: true },
);

describeHostSource(
  'emulator',
  async () => {
    const { node, clock } = quietNode();
    clock.advance(1_000);
    return {
      source: node.hostSource,
      port: 'p0',
      unknownPort: 'no-such-port',
      traffic: async () => {
        node.send(flowBetween('p0', 'vm1', 0), 10);
        node.send(flowBetween('vm1', 'p0', 1), 10);
      },
      pass: async () => clock.advance(50),
      breakSource: async () => node.faults.set('host.read', { kind: 'fail', message: 'no' }),
      close: async () => undefined,
    };
  },
  { traffic: true, faults: true },
);

describeFlowVerifier('emulator', async () => {
  const { node } = quietNode();
  const flow = flowBetween('vm0', 'vm1', 1);
  node.send(flow, 3);
  return {
    verifier: node.flowVerifier,
    flow,
    packets: async () => node.totals().vswitchPackets,
    changeRules: async () => {
      node.changeRules(flow.id, []);
      return [];
    },
    close: async () => undefined,
  };
});
