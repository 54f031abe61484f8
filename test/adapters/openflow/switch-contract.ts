import { monotonicMs } from '../../../async/monotonic.ts';
import { join } from 'node:path';
import { OpenFlowBackend } from '../../../adapters/openflow/backend.ts';
import { parseTarget } from '../../../protocols/openflow/connection/target.ts';
import { sleep } from '../../../lab/testbed/wait.ts';
import { describeOffloadBackend } from '../../contract/offload-backend.ts';
import { type OffloadBackendFixture } from '../../contract/offload-backend-fixture.ts';
import { needs } from '../../support/needs.ts';
import { FRAME_BYTES, flow, RealSwitch } from './real-switch.ts';

const EXITS = { out: 'out', other: 'other' };

/** The contract of backends for Open vSwitch as the switch. @param contract a part of it; default: all of it */
export function describeSwitchContract(
  protocol: 'OpenFlow13' | 'OpenFlow10',
  contract = describeOffloadBackend,
): void {
  describe(`OpenFlow backend on Open vSwitch, ${protocol}`, () => {
    let real: RealSwitch | undefined;
    let runs = 0;

    before(async function () {
      needs(this, 'root', 'netns', 'ovs', 'debian-python3');
      this.timeout(30_000);
      real = await RealSwitch.start(protocol);
    });

    after(async () => {
      await real?.stop();
    });

    const fixture = async (
      node: RealSwitch,
      entries: number,
      leaseMs: number,
    ): Promise<OffloadBackendFixture> => {
      await node.reset();
      const journal = join(node.ovs.runDir, `journal-${runs++}`);
      const make = () =>
        new OpenFlowBackend({
          connection: { target: parseTarget(node.target) },
          entrances: { in: { uplink: 'in' } },
          exits: EXITS,
          entries,
          priority: 40_000,
          cookieTag: 0x4e4b,
          leaseMs,
          heartbeatMs: 0,
          pauseMs: 0,
          journal,
        });
      let backend = make();
      return {
        get backend() {
          return backend;
        },
        inPort: 'in',
        outPort: 'out',
        otherPort: 'other',
        ports: () => node.snapshot(),
        flow: (n) => flow(n),
        redirected: (n) => flow(n, 'other'),
        refused: [
          {
            what: 'a port that nothing stands for',
            flow: flow(150, 'slow'),
            code: 'port-unavailable',
          },
          {
            what: 'a TPID that OpenFlow cannot tell',
            flow: withTpid(flow(151)),
            code: 'unsupported-match',
          },
        ],
        frameBytes: FRAME_BYTES,
        send: (spec, packets) => node.send(spec.id.w3, packets),
        received: (port) => node.received(port),
        passed: () => node.received('slow'),
        removePort: (name) => node.removePort(name),
        recreatePort: (name) => node.addPort(name),
        pass: (ms) => sleep(ms),
        // Open vSwitch looks for rules to be removed once a second.
        nowMs: monotonicMs,
        passTime: () => sleep(5),
        expireLease: () => sleep(backend.capabilities().leaseMs + 1_100),
        passHeartbeat: () => Promise.resolve(),
        async restart() {
          await backend.close('keep');
          backend = make();
          return backend;
        },
        async close() {
          await backend.close('keep');
        },
      };
    };

    contract(
      `OpenFlow, ${protocol}`,
      ({ entries, leaseMs }) => {
        if (real === undefined) throw new Error('the switch was not started');
        return fixture(real, entries, leaseMs);
      },
      { traffic: true, portChanges: true, entriesLapse: true, timeoutMs: 20_000 },
    );
  });
}

function withTpid(spec: ReturnType<typeof flow>): ReturnType<typeof flow> {
  const tpid = { field: 'vlan_tpid', value: Uint8Array.of(0x88, 0xa8) } as const;
  const mask = Uint8Array.of(0xff, 0xff);
  const fields = [{ ...tpid, mask }, ...spec.match.fields];
  return { ...spec, match: { ...spec.match, fields } };
}
