import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import { xdpTable } from '../../../../lab/testbed/nic-tables.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { PortInfo, PortSnapshot } from '../../../../engine/model/port.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { flowId } from '../../../support/flows.ts';
import { needs } from '../../../support/needs.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { builtObject } from '../support/object.ts';
import { World } from '../support/world.ts';

type Limits = Partial<Pick<PortInfo, 'shaped' | 'policed'>>;

describe('XDP and the qos of ports', function () {
  this.timeout(30_000);
  let world: World;
  let objectPath = '';
  let pinPath = '';
  let backend: HostBackend;
  let a = '';
  let b = '';

  before(async function () {
    needs(this, 'root', 'netns', 'xdp');
    objectPath = builtObject();
    world = await World.create(2);
    [a, b] = world.names();
  });

  after(async () => {
    await world?.close();
  });

  beforeEach(async () => {
    pinPath = world.pinPath();
    backend = await started(world.snapshot());
  });

  afterEach(() => backend.close('withdraw'));

  async function started(ports: PortSnapshot): Promise<HostBackend> {
    const sizes = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };
    const next = xdpTable({ pinPath, objectPath, mode: 'auto', ...sizes });
    await next.start(ports, never());
    return next;
  }

  function snapshot(limits: Readonly<Record<string, Limits>>): PortSnapshot {
    return new Map(
      [...world.snapshot()].map(([name, port]) => [name, { ...port, ...limits[name] }] as const),
    );
  }

  function flow(n: number, from: string, to: string): FlowSpec {
    const match = matchOn(
      from,
      exactly('eth_type', 0x0800),
      exactly('ip_proto', 17),
      exactly('udp_dst', n),
    );
    return { id: flowId(n), match, actions: [{ kind: 'output', port: to }] };
  }

  const there = () => flow(1, a, b);
  const back = () => flow(2, b, a);
  const drop = (): FlowSpec => ({ ...flow(3, a, b), actions: [] });

  async function put(...flows: readonly FlowSpec[]): Promise<readonly string[]> {
    const operations = flows.map((f) => ({ kind: 'put' as const, flow: f }));
    const results = await backend.apply(operations, never());
    return results.map((r) => (r.ok ? r.outcome : r.refusal.code));
  }

  function answer(spec: FlowSpec): string {
    const support = backend.supports(spec);
    return support.ok ? 'ok' : `${support.refusal.code}: ${support.refusal.detail}`;
  }

  it('leaves what goes to a shaped port to the vSwitch, and says why', async () => {
    await backend.portsChanged(snapshot({ [b]: { shaped: true } }));
    assert.match(answer(there()), new RegExp(`^unsupported-action: .*port ${b} is shaped`));
    assert.equal(answer(back()), 'ok');
    assert.equal(answer(drop()), 'ok');
    assert.deepEqual(await put(there(), back()), ['unsupported-action', 'installed']);
  });

  it('leaves what comes from a policed port to the vSwitch, drops included', async () => {
    await backend.portsChanged(snapshot({ [a]: { policed: true } }));
    assert.match(answer(there()), new RegExp(`^unsupported-match: .*port ${a} is policed`));
    assert.match(answer(drop()), /^unsupported-match/);
    assert.equal(answer(back()), 'ok');
    assert.deepEqual(await put(there(), back()), ['unsupported-match', 'installed']);
  });

  for (const limit of ['shaped', 'policed'] as const) {
    it(`removes entries when their port is ${limit}, and accepts them again afterwards`, async () => {
      const limited = limit === 'shaped' ? b : a;
      await put(there());
      const gone = await backend.portsChanged(snapshot({ [limited]: { [limit]: true } }));
      assert.deepEqual(gone, [there().id]);
      assert.deepEqual(await installed(backend), []);
      assert.deepEqual(await backend.portsChanged(snapshot({})), []);
      assert.deepEqual(await put(there()), ['installed']);
    });

    it(`adopts no entries over a port that was ${limit} meanwhile`, async () => {
      const other = { ...flow(4, a, a), actions: [] };
      const limited = limit === 'shaped' ? b : a;
      await put(there(), limit === 'shaped' ? other : back());
      await backend.close('keep');
      backend = await started(snapshot({ [limited]: { [limit]: true } }));
      const kept = limit === 'shaped' ? [idText(other)] : [];
      assert.deepEqual(await installed(backend), kept);
    });
  }

  it('keeps serving the port while it is limited', async () => {
    await backend.portsChanged(snapshot({ [a]: { policed: true }, [b]: { shaped: true } }));
    assert.deepEqual(
      backend.ports().map((port) => [port.name, port.mode]),
      [a, b].map((name) => [name, 'native']),
    );
  });
});
