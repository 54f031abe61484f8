import assert from 'node:assert/strict';
import type { HostBackend } from '../../../../adapters/nic/host/backend.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import { formatFlowId } from '../../../../engine/model/flow-id.ts';
import { NameMaker } from '../../../../lab/testbed/names.ts';
import { idText, installed, never } from '../../../contract/collect.ts';
import { eventually } from '../../../support/eventually.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';
import { needs } from '../../../support/needs.ts';
import { tableAt } from '../support/tables.ts';
import { World } from '../support/world.ts';
import { type AddHook, nftChain, rootQdisc, tcFilter, tcxProgram } from './support/foreign.ts';
import { SHARED_HOOKS } from './support/hooks.ts';

type Place = 'input' | 'output';

/** What a table would bypass: its name, how to add it, how the refusal names it, and on which ports. */
interface Bypassed {
  readonly what: string;
  readonly add: (world: World) => AddHook;
  readonly words: RegExp;
  readonly on: readonly Place[];
}

const names = new NameMaker();
const nft = (direction: 'ingress' | 'egress') => (world: World) =>
  nftChain(world.cleanup, names, direction);
const both = ['input', 'output'] as const;

const XDP_BYPASSES: readonly Bypassed[] = [
  {
    what: 'a tc filter at ingress',
    add: () => tcFilter('ingress'),
    words: /a tc ingress filter, which XDP would bypass/,
    on: both,
  },
  {
    what: 'a tc filter at egress',
    add: () => tcFilter('egress'),
    words: /a tc egress filter/,
    on: both,
  },
  {
    what: 'an nftables chain at ingress',
    add: nft('ingress'),
    words: /the nftables chain guard of table nk/,
    on: both,
  },
  {
    what: 'an nftables chain at egress',
    add: nft('egress'),
    words: /the nftables chain guard/,
    on: both,
  },
  { what: 'a configured qdisc', add: () => rootQdisc, words: /a (netem|pfifo) qdisc/, on: both },
  {
    what: 'a tcx program at ingress',
    add: () => tcxProgram('ingress'),
    words: /a tcx program/,
    on: both,
  },
  {
    what: 'a tcx program at egress',
    add: () => tcxProgram('egress'),
    words: /a tcx program/,
    on: both,
  },
];

const INGRESS_BYPASSES: readonly Bypassed[] = [
  {
    what: 'a tc filter',
    add: () => tcFilter('ingress'),
    words: /a tc ingress filter, which a redirect at tc ingress would bypass/,
    on: ['input'],
  },
  {
    what: 'an nftables chain',
    add: nft('ingress'),
    words: /the nftables chain guard of table nk/,
    on: ['input'],
  },
  {
    what: 'another tcx program',
    add: () => tcxProgram('ingress'),
    words: /another tcx program/,
    on: ['input'],
  },
  // The kernel exempts what tc has redirected from such chains.
  {
    what: 'an nftables egress chain',
    add: nft('egress'),
    words: /the nftables chain guard of table nk/,
    on: ['output'],
  },
];

for (const { name: hook, need } of SHARED_HOOKS) {
  describe(`a table at ${hook} beside other hooks of a device`, function () {
    this.timeout(30_000);
    let world: World;
    let backend: HostBackend;
    let inPort = '';
    let outPort = '';

    before(async function () {
      needs(this, 'root', 'netns', need, 'nft');
      world = await World.create(2);
      [inPort, outPort] = world.names();
      const sizes = { entries: 64, masks: 8, leaseMs: 60_000, heartbeatMs: 0 };
      backend = tableAt(hook, { pinPath: world.pinPath(), ...sizes });
      await backend.start(world.snapshot(), never());
    });

    after(async () => {
      await backend?.close('withdraw');
      await world?.close();
    });

    const flow = (): FlowSpec => ({
      id: flowId(1),
      match: matchOn(inPort, exactly('eth_type', 0x0800)),
      actions: [{ kind: 'output', port: outPort }],
    });
    const put = async () => (await backend.apply([{ kind: 'put', flow: flow() }], never()))[0];

    function answer(): string {
      const support = backend.supports(flow());
      return support.ok ? 'ok' : support.refusal.detail;
    }

    for (const { what, add, words, on } of hook === 'xdp' ? XDP_BYPASSES : INGRESS_BYPASSES) {
      for (const which of on) {
        it(`removes its entries when ${what} appears on the ${which} port, and serves it afterwards`, async () => {
          const port = which === 'input' ? inPort : outPort;
          await backend.portsChanged(world.snapshot());
          assert.equal(answer(), 'ok');
          assert((await put()).ok);

          let changes = 0;
          const end = backend.onLost(() => changes++);
          const remove = await add(world)(port, world.port(port).ifindex);
          try {
            await eventually('a report of the change', () => changes > 0, 2_000);
            const lost = await backend.portsChanged(world.snapshot());
            assert.deepEqual(lost.map(formatFlowId), [idText(flow())]);
            assert.deepEqual(await installed(backend), []);
            assert.match(answer(), words);
            assert(!(await put()).ok);
          } finally {
            await remove();
            end();
          }
          await backend.portsChanged(world.snapshot());
          assert.equal(answer(), 'ok');
        });
      }
    }
  });
}
