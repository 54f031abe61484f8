import assert from 'node:assert/strict';
import type { PortFacts } from '../../doctor/model/facts.ts';
import {
  broken,
  denied,
  DEVICE,
  failuresOf,
  hostOf,
  kernelHostOf,
  portFactsOf,
  portOf,
} from './fixture.ts';
import { checksOf } from '../../doctor/checks/checks.ts';

const NO_OTHERS = {
  xdp: { value: undefined },
  tcx: { value: undefined },
  flower: { value: undefined },
} as const;

const HOST = hostOf();

/** What is wrong with a port on the userspace datapath: its facts, what is found, what to do. */
const CASES: readonly (readonly [string, Partial<PortFacts>, RegExp, RegExp])[] = [
  [
    'without a kernel device',
    { port: portOf({ ifindex: 0 }), excluded: 'it has no kernel device' },
    /^vm; it has no kernel device$/,
    /tap, a veth/,
  ],
  [
    'whose device cannot be read',
    { device: broken('device vm1 does not exist here') },
    /does not exist here/,
    /network namespace/,
  ],
  [
    'that is down',
    { device: { value: { ...DEVICE, isUp: false } } },
    /it is down/,
    /ip link set vm1 up/,
  ],
  [
    'of a veth whose driver cannot report VLAN tags',
    { device: { value: { ...DEVICE, xdp: { ...ability(), readsVlanTag: false } } } },
    /needs Linux 6\.8/,
    /set backend\.adapter to "auto"/,
  ],
  [
    'of a veth whose other end has GRO off',
    { device: { value: { ...DEVICE, xdp: { ...ability(), isRedirectTarget: false } } } },
    /no flow can leave by it/,
    /gro on, at the other end of vm1/,
  ],
  [
    'with a filter of others',
    { others: { ...NO_OTHERS, xdp: { value: 'its device has a tc ingress filter' } } },
    /a tc ingress filter/,
    /remove it/,
  ],
  [
    'whose hooks may not be read',
    { others: { ...NO_OTHERS, xdp: denied('nftables'), tcx: denied('nftables') } },
    /cannot be seen: nftables/,
    /^run as root/,
  ],
  ['with QoS', { port: portOf({ shaped: true }) }, /QoS/, /clear port vm1 qos/],
  ['with policing', { port: portOf({ policed: true }) }, /policing/, /ingress_policing_rate=0/],
];

function ability() {
  return { isNative: true, isRedirectTarget: true, readsVlanTag: true };
}

describe('checks of a port', () => {
  for (const [what, facts, found, remedy] of CASES) {
    it(`report one ${what}, and no other`, () => {
      const other = portFactsOf({ port: portOf({ name: 'vm2' }) });
      const failures = failuresOf(hostOf({ ports: { value: [portFactsOf(facts), other] } }));
      assert.deepEqual(
        failures.map(({ name }) => name),
        ['port vm1'],
      );
      assert.match(failures[0].found, found);
      assert.match(failures[0].remedy, remedy);
    });
  }

  it('report every problem of a port at once', () => {
    const device = { value: { ...DEVICE, isUp: false } };
    const port = portFactsOf({ port: portOf({ policed: true }), device });
    const [failure, ...more] = failuresOf(hostOf({ ports: { value: [port] } }));
    assert.deepEqual(more, []);
    assert.match(failure.found, /it is down; it has ingress policing/);
    assert.match(failure.remedy, /ip link set vm1 up; ovs-vsctl set interface/);
  });

  it('judge tcx on the kernel datapath: XDP and qdiscs do not matter there', () => {
    const xdp = { isNative: false, isRedirectTarget: false, readsVlanTag: false };
    const device = { value: { ...DEVICE, mtu: 9000, xdp } };
    const others = { ...NO_OTHERS, xdp: { value: 'its device has a htb qdisc' } };
    assert.deepEqual(failuresOf(kernelHostOf({ device, others })), []);
    const filter = { ...NO_OTHERS, tcx: { value: 'another tcx program' } };
    assert.match(failuresOf(kernelHostOf({ others: filter }))[0].found, /another tcx program/);
    const noEthernet = { value: { ...DEVICE, isEthernet: false } };
    assert.match(failuresOf(kernelHostOf({ device: noEthernet }))[0].found, /not an Ethernet/);
  });

  it('judge tc filters like tcx', () => {
    const host = (port: PortFacts) => {
      const hooks = { ...HOST.hooks, kernel: 'cls_bpf' as const };
      return failuresOf({ ...kernelHostOf(), hooks, ports: { value: [port] } });
    };
    const port = { port: portOf({ datapath: 'kernel' }) };
    assert.deepEqual(host(portFactsOf(port)), []);
    const others = { ...NO_OTHERS, tcx: { value: 'its device has a tc filter' } };
    assert.match(host(portFactsOf({ ...port, others }))[0].found, /has a tc filter/);
  });

  it('of a NIC without hw-tc-offload keep rules of tc flower out of it', () => {
    const { features } = DEVICE;
    const judge = (rulesIn: 'hardware' | 'software', own: ReadonlySet<string> | undefined) => {
      const port = portFactsOf({ device: { value: { ...DEVICE, features: own } } });
      const settings = { ...HOST.settings, adapter: 'flower' as const, rulesIn };
      const hooks = { userspace: 'flower', kernel: 'flower', unknown: 'flower' } as const;
      return failuresOf(hostOf({ ports: { value: [port] }, settings, hooks })).filter(
        ({ name }) => name === 'port vm1',
      );
    };
    const [failure] = judge('hardware', features);
    assert.match(failure.found, /hw-tc-offload is off/);
    assert.match(failure.remedy, /ethtool -K vm1 hw-tc-offload on/);
    assert.deepEqual(judge('hardware', new Set([...(features ?? []), 'hw-tc-offload'])), []);
    assert.deepEqual(judge('hardware', undefined), []);
    assert.deepEqual(judge('software', features), []);
  });

  it('accept generic XDP, and require native XDP where it is configured', () => {
    const xdp = { isNative: false, isRedirectTarget: false, readsVlanTag: false };
    const port = portFactsOf({ device: { value: { ...DEVICE, driver: 'e1000', xdp } } });
    assert.deepEqual(failuresOf(hostOf({ ports: { value: [port] } })), []);
    const settings = { ...HOST.settings, mode: 'native' as const };
    const [failure] = failuresOf(hostOf({ ports: { value: [port] }, settings }));
    assert.match(failure.found, /backend\.mode is "native"/);
  });

  it('depend on the release where the kernel does not report XDP features', () => {
    const port = portFactsOf({ device: { value: { ...DEVICE, xdp: undefined } } });
    const on = (release: string) =>
      failuresOf(hostOf({ ports: { value: [port] }, system: { ...HOST.system, release } }));
    assert.deepEqual(on('6.8.0'), []);
    assert.match(on('6.1.0-23-amd64')[0].found, /needs Linux 6\.8/);
  });

  it('leave out ports that are not meant to be served', () => {
    const port = portFactsOf({
      port: portOf({ name: 'br0', kind: 'internal' }),
      excluded: 'it is internal to the vSwitch',
    });
    const host = hostOf({ ports: { value: [port] } });
    assert.deepEqual(failuresOf(host), []);
    const check = checksOf(host).find(({ name }) => name === 'port br0');
    assert.equal(check?.found, 'internal; not offloaded: it is internal to the vSwitch');
  });

  it('report what only the daemon found out', () => {
    const unserved = new Map([['vm1', 'XDP cannot be attached: EOPNOTSUPP']]);
    const daemon = { value: { version: '1', pid: 7, errors: [], unserved } };
    const [failure, ...more] = failuresOf(hostOf({ daemon }));
    assert.deepEqual([failure.name, more], ['port vm1', []]);
    assert.match(failure.found, /the daemon does not serve it: .*EOPNOTSUPP/);
  });

  it('describe its device', () => {
    const features = new Set(['hw-tc-offload', 'tx-tcp-segmentation']);
    const device = {
      value: { ...DEVICE, driver: 'mlx5_core', features, eswitch: 'switchdev' },
    };
    const host = hostOf({ ports: { value: [portFactsOf({ device })] } });
    const check = checksOf(host).find(({ name }) => name === 'port vm1');
    assert.equal(
      check?.found,
      'vm, mlx5_core, up, MTU 1500, GRO off, TSO on, checksums off, hw-tc-offload on, ' +
        'embedded switch switchdev; XDP native',
    );
  });
});
