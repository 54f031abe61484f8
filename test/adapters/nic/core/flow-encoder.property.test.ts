import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FlowEncoder } from '../../../../adapters/nic/core/flow-encoder.ts';
import type { Outputs } from '../../../../adapters/nic/core/hook.ts';
import { ServedPorts } from '../../../../adapters/nic/core/served-ports.ts';
import type { FlowActions } from '../../../../engine/model/action.ts';
import type { FlowSpec } from '../../../../engine/model/flow.ts';
import type { TunnelMatch } from '../../../../engine/model/match.ts';
import type { PortInfo } from '../../../../engine/model/port.ts';
import type { Refusal } from '../../../../engine/model/refusal.ts';
import type { TunnelHeader } from '../../../../engine/model/tunnel.ts';
import { flowId } from '../../../support/flows.ts';
import { exactly, matchOn } from '../../../support/match-fields.ts';

const NAMES = ['vm1', 'vm2', 'vm3'] as const;
const HEADER: TunnelHeader = {
  kind: 'vxlan',
  ethernet: { src: new Uint8Array(6).fill(2), dst: new Uint8Array(6).fill(4) },
  src: Uint8Array.of(10, 0, 0, 1),
  dst: Uint8Array.of(10, 0, 0, 2),
  tos: 0,
  ttl: 64,
  doNotFragment: true,
  srcPort: 50_000,
  dstPort: 4789,
  hasChecksum: false,
  vni: 5,
  options: new Uint8Array(),
};
/** Tunnels that packets arrive in. */
const TUNNELS = [2, 3, 4].map(
  (vni): TunnelMatch => ({
    kind: 'vxlan',
    fields: [exactly('eth_type', 0x0800), exactly('ip_ttl', vni), exactly('udp_dst', 4789)],
    vni,
    options: new Uint8Array(),
  }),
);
/** Whether VLAN tags or MAC addresses are rewritten depends on the match. */
const ACTIONS: readonly FlowActions[] = [
  [{ kind: 'output', port: 'vm1' }],
  [{ kind: 'output', port: 'vm2' }],
  [{ kind: 'output', port: 'gone' }],
  [],
  [{ kind: 'pop-vlan' }, { kind: 'output', port: 'vm2' }],
  [
    { kind: 'set', ...exactly('ipv4_src', 0x0a00_0001) },
    { kind: 'output', port: 'vm2' },
  ],
  [
    { kind: 'push-tunnel', header: HEADER },
    { kind: 'output', port: 'vm2' },
  ],
];
const MATCHES = [
  [exactly('eth_type', 0x0800), exactly('ip_frag', 0), exactly('ipv4_src', 0x0a00_0001)],
  [exactly('eth_type', 0x0800), exactly('ip_frag', 0), exactly('ipv4_src', 0x0a00_0002)],
  [exactly('vlan_tpid', 0x8100), exactly('eth_type', 0x0800)],
  [exactly('eth_type', 0x88cc)],
];

/** A flow to encode, or a change of what decides how flows are encoded. */
type Step =
  | { readonly kind: 'flow'; readonly flow: FlowSpec }
  | { readonly kind: 'serve'; readonly name: string; readonly policed: boolean }
  | { readonly kind: 'outputs'; readonly deaf: string };

const anyFlow = fc
  .record({
    id: fc.nat(50),
    inPort: fc.constantFrom(...NAMES),
    fields: fc.constantFrom(...MATCHES),
    actions: fc.constantFrom(...ACTIONS),
    tunnel: fc.option(fc.constantFrom(...TUNNELS), { nil: undefined, freq: 1 }),
  })
  .map(({ id, inPort, fields, actions, tunnel }): Step => {
    const match = matchOn(inPort, ...fields);
    const flow = { id: flowId(id), match: tunnel ? { ...match, tunnel } : match, actions };
    return { kind: 'flow', flow };
  });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: anyFlow },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('serve' as const),
      name: fc.constantFrom(...NAMES),
      policed: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('outputs' as const),
      deaf: fc.constantFrom('none', ...NAMES),
    }),
  },
);

/** Ports that are served, whose outputs can become deaf. */
class Ports {
  readonly #infos = new Map<string, PortInfo>();
  #deaf = 'none';
  #ids = 1;
  readonly outputs: Pick<
    Outputs,
    'matchRefusal' | 'targetRefusal' | 'arrivalRefusal' | 'tunnelRefusal'
  > = {
    arrivalRefusal: ({ vni }) => (vni === 3 ? refusal('VNI 3') : undefined),
    matchRefusal: ({ ethType }) => (ethType === 0x88cc ? refusal('LLDP') : undefined),
    tunnelRefusal: () => undefined,
    targetRefusal: (_, { name }) => (name === this.#deaf ? refusal(name) : undefined),
  };
  readonly served = new ServedPorts({
    hook: {
      choice: () => ({ hook: 'xdp', reason: 'userspace', why: '' }),
      outputs: {
        ...this.outputs,
        refresh: () => Promise.resolve(),
        lost: () => false,
        suspended: () => undefined,
        forget: () => undefined,
        watch: () => undefined,
      },
    },
    heartbeatMs: 1_000,
  });

  serve(name: string, policed: boolean): void {
    const id = this.#ids++;
    const one = { name, uuid: `${name}-${id}`, ifindex: id, shaped: false, policed };
    const unknown = {
      mac: undefined,
      vm: undefined,
      slice: undefined,
      linkBitsPerSecond: undefined,
    };
    this.#infos.set(name, { ...one, ...unknown, bridge: 'br0', kind: 'vm' });
    this.served.follow(new Map(this.#infos));
    const input = {
      hook: 'xdp' as const,
      mode: 'native',
      flags: 0,
      note: '',
      splitsSegments: false,
      isJumbo: false,
    };
    this.served.set({ ...one, id, input, isAttached: true, onDemand: false, maxBytes: 1_500 });
  }

  makeDeaf(name: string): void {
    this.#deaf = name;
    this.served.outputsRead();
  }
}

function refusal(detail: string): Refusal {
  return { code: 'unsupported-match', detail };
}

/** All that the encoder says of a flow. */
function encoded(encoder: FlowEncoder, flow: FlowSpec): unknown {
  const problem = encoder.encode(flow);
  if (problem !== undefined) return problem;
  encoder.maskId = flow.id.w3 % 2 === 0 ? 0 : 7;
  encoder.statsSlot = 3;
  return {
    key: [...encoder.key],
    hash: encoder.keyHash,
    value: [...encoder.value],
    mask: [...encoder.mask],
    isAttached: encoder.isAttached,
    arrived: encoder.arrivedTunnel && [...encoder.arrivedTunnel],
    header: encoder.tunnelHeader && [...encoder.tunnelHeader],
  };
}

describe('FlowEncoder', () => {
  it('encodes a flow after any other as if it were the first', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 60 }), (steps) => {
        const ports = new Ports();
        for (const name of NAMES) ports.serve(name, false);
        const reused = new FlowEncoder(ports.served, ports.outputs);
        for (const each of steps) {
          if (each.kind === 'serve') ports.serve(each.name, each.policed);
          else if (each.kind === 'outputs') ports.makeDeaf(each.deaf);
          else {
            const alone = new FlowEncoder(ports.served, ports.outputs);
            assert.deepEqual(encoded(reused, each.flow), encoded(alone, each.flow));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
