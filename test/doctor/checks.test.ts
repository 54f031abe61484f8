import assert from 'node:assert/strict';
import { checksOf } from '../../doctor/checks/checks.ts';
import type { HostFacts } from '../../doctor/model/facts.ts';
import {
  broken,
  denied,
  failuresOf,
  hostOf,
  kernelHostOf,
  portFactsOf,
  portOf,
} from './fixture.ts';

const HOST = hostOf();

/** The host with a setting of `other_config`. */
function withSetting(key: string, value: string): HostFacts {
  const bridges = [{ name: 'br0', datapath: 'userspace' as const }];
  const configuration = { value: { bridges, settings: new Map([[key, value]]) } };
  return hostOf({ vswitch: { ...HOST.vswitch, configuration } });
}

/** Each stands in the way alone: the host, the check that fails, what it found, what to do. */
const CASES: readonly (readonly [string, HostFacts, string, RegExp, RegExp])[] = [
  [
    'an old kernel',
    hostOf({ system: { ...HOST.system, release: '5.10.0-28-amd64' } }),
    'kernel',
    /^Linux 5\.10\.0-28-amd64; it is older than 5\.18$/,
    /^boot Linux 5\.18 or later/,
  ],
  [
    'a big-endian machine',
    hostOf({ system: { ...HOST.system, littleEndian: false } }),
    'kernel',
    /big-endian/,
    /little-endian/,
  ],
  [
    'a root without a capability',
    hostOf({ system: { ...HOST.system, capabilities: { value: (1n << 12n) | (1n << 38n) } } }),
    'privileges',
    /^root, lacks CAP_BPF$/,
    /norikae\.service/,
  ],
  [
    'errors in the configuration',
    hostOf({
      configuration: {
        file: 'n.json',
        problems: ['n.json:3:1: no'],
        isDenied: false,
        isEmulated: false,
      },
    }),
    'configuration',
    /^n\.json has errors, .*n\.json:3:1: no$/,
    /norikae check-config n\.json/,
  ],
  [
    'a configuration of an emulated node',
    hostOf({ configuration: { file: 'n.json', problems: [], isDenied: false, isEmulated: true } }),
    'configuration',
    /emulated/,
    /node\.adapter/,
  ],
  [
    'no backend',
    hostOf({ settings: { ...HOST.settings, adapter: 'none' } }),
    'configuration',
    /only observes/,
    /backend\.adapter/,
  ],
  [
    'a backend of the daemon that fails',
    hostOf({
      daemon: {
        value: { version: '1', pid: 7, errors: ['backend xdp: in use'], unserved: new Map() },
      },
    }),
    'daemon',
    /^version 1, pid 7; backend xdp: in use$/,
    /norikae status/,
  ],
  [
    'no libbpf',
    hostOf({ bpf: { ...HOST.bpf, libbpf: broken('libbpf.so.1 cannot be loaded') } }),
    'libbpf',
    /cannot be loaded/,
    /apt-get install libbpf1/,
  ],
  [
    'no BPF file system',
    hostOf({
      bpf: { ...HOST.bpf, pins: { value: { folder: '/sys', isBpf: false, writable: true } } },
    }),
    'BPF file system',
    /^\/sys\/fs\/bpf\/norikae would be on \/sys, which is not one$/,
    /^mount -t bpf/,
  ],
  [
    'a read-only BPF file system',
    hostOf({
      bpf: {
        ...HOST.bpf,
        pins: { value: { folder: '/sys/fs/bpf', isBpf: true, writable: false } },
      },
    }),
    'BPF file system',
    /not writable/,
    /remount,rw/,
  ],
  [
    'an interpreter of BPF',
    hostOf({ bpf: { ...HOST.bpf, jit: { value: false } } }),
    'BPF compiler',
    /^off/,
    /bpf_jit_enable=1/,
  ],
  [
    'a refused map type',
    hostOf({ bpf: { ...HOST.bpf, refusedMaps: { value: ['device map (EINVAL)'] } } }),
    'BPF maps',
    /device map \(EINVAL\)/,
    /kernel/,
  ],
  [
    'a program that the verifier rejects',
    hostOf({
      bpf: { ...HOST.bpf, programs: { ...HOST.bpf.programs, xdp: broken('EINVAL: R1 invalid') } },
    }),
    'XDP program',
    /R1 invalid/,
    /docs\/operations\.md/,
  ],
  [
    'no ovs-vswitchd',
    hostOf({ vswitch: { ...HOST.vswitch, version: broken('no pid file') } }),
    'ovs-vswitchd',
    /no pid file/,
    /^start Open vSwitch/,
  ],
  [
    'an old ovs-vswitchd',
    hostOf({ vswitch: { ...HOST.vswitch, version: { value: '2.12.4' } } }),
    'ovs-vswitchd',
    /older than 2\.13/,
    /2\.13 or later/,
  ],
  [
    'several datapaths',
    hostOf({ vswitch: { ...HOST.vswitch, datapaths: { value: ['netdev@a', 'system@b'] } } }),
    'ovs-vswitchd',
    /several datapaths/,
    /node\.ovs\.datapath to one of netdev@a, system@b/,
  ],
  [
    'another datapath than configured',
    hostOf({ settings: { ...HOST.settings, datapath: 'netdev@other' } }),
    'ovs-vswitchd',
    /netdev@other is not among them/,
    /node\.ovs\.datapath/,
  ],
  [
    'no OVSDB',
    hostOf({
      vswitch: { ...HOST.vswitch, configuration: broken('cannot connect') },
      ports: broken('cannot connect'),
    }),
    'OVSDB',
    /^cannot connect$/,
    /^start Open vSwitch/,
  ],
  [
    'tcx on the userspace datapath',
    hostOf({
      settings: { ...HOST.settings, adapter: 'tcx' },
      hooks: { userspace: 'tcx', kernel: 'tcx', unknown: 'tcx' },
    }),
    'bridges',
    /tcx serves only the kernel datapath, which br0 does not have/,
    /"xdp"/,
  ],
  [
    "Open vSwitch's own offload",
    withSetting('hw-offload', 'true'),
    'hw-offload',
    /^on: /,
    /remove Open_vSwitch \. other_config hw-offload/,
  ],
  [
    'a short max-idle',
    hostOf({
      ports: {
        value: [portFactsOf({ port: portOf({ heartbeatLimit: { ms: 250, why: 'idle 500 ms' } }) })],
      },
    }),
    'max-idle',
    /idle 500 ms/,
    /max-idle/,
  ],
  [
    'sequence checks where connections are placed',
    hostOf({ settings: { ...HOST.settings, placesConnections: true } }),
    'sequence checks of netdev@ovs-netdev',
    /^on: .* stay on the vSwitch$/,
    /^ovs-appctl dpctl\/ct-disable-tcp-seq-chk netdev@ovs-netdev, /,
  ],
  [
    'sequence checks of the kernel where connections are placed',
    { ...kernelHostOf(), settings: { ...HOST.settings, placesConnections: true } },
    'sequence checks of system@ovs-system',
    /^on: /,
    /^sysctl -w net\.netfilter\.nf_conntrack_tcp_be_liberal=1, /,
  ],
  [
    'sequence checks that cannot be read',
    hostOf({
      settings: { ...HOST.settings, placesConnections: true },
      vswitch: { ...HOST.vswitch, sequenceChecks: new Map([['netdev@a', broken('no answer')]]) },
    }),
    'sequence checks of netdev@a',
    /^no answer$/,
    /log of ovs-vswitchd/,
  ],
  [
    'a bridge that exports',
    hostOf({
      ports: { value: [portFactsOf({ port: portOf({ exports: 'sFlow of bridge br0' }) })] },
    }),
    'exports',
    /^sFlow of bridge br0: /,
    /offloadExportingBridges/,
  ],
  [
    'rules that are not read',
    hostOf({ settings: { ...HOST.settings, flowMonitor: false } }),
    'OpenFlow rules',
    /nothing is offloaded/,
    /flowMonitor to true/,
  ],
  [
    'no socket of a bridge',
    hostOf({ vswitch: { ...HOST.vswitch, rules: new Map([['br0', broken('ENOENT')]]) } }),
    'OpenFlow rules',
    /^br0: ENOENT$/,
    /BRIDGE\.mgmt/,
  ],
  [
    'a kernel datapath without tcx, with tcx configured',
    {
      ...kernelHostOf(),
      settings: { ...HOST.settings, adapter: 'tcx' },
      bpf: { ...HOST.bpf, knowsTcx: { value: false } },
    },
    'tcx',
    /does not have it/,
    /Linux 6\.6/,
  ],
];

describe('checks of a host', () => {
  for (const [what, host] of [
    ['the userspace datapath', HOST],
    ['the kernel datapath', kernelHostOf()],
  ] as const) {
    it(`pass on ${what}, without a remedy`, () => {
      const checks = checksOf(host);
      assert.deepEqual(failuresOf(host), []);
      assert(checks.every(({ found, remedy }) => found !== '' && remedy === ''));
      assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length);
    });
  }

  for (const [what, host, name, found, remedy] of CASES) {
    it(`report ${what}`, () => {
      const failures = failuresOf(host);
      assert.deepEqual(
        failures.map((check) => check.name),
        [name],
      );
      assert.match(failures[0].found, found);
      assert.match(failures[0].remedy, remedy);
    });
  }

  it('judge the programs of the hooks that the bridges need', () => {
    const names = (host: HostFacts) => checksOf(host).map(({ name }) => name);
    assert(names(HOST).includes('XDP program') && !names(HOST).includes('tcx program'));
    const kernel = kernelHostOf();
    assert(names(kernel).includes('tcx program') && !names(kernel).includes('XDP program'));
    const old = { ...kernel, hooks: { ...HOST.hooks, kernel: 'xdp' as const } };
    assert(names(old).includes('XDP program') && !names(old).includes('tcx program'));
    const filter = { ...kernel, hooks: { ...HOST.hooks, kernel: 'cls_bpf' as const } };
    assert(names(filter).includes('tcx program') && !names(filter).includes('tcx'));
  });

  it('accept assumed idle time-outs, and exports that are offloaded nevertheless', () => {
    const settings = {
      ...HOST.settings,
      flowMonitor: false,
      assumedIdleTimeout: 60,
      offloadExportingBridges: true,
    };
    assert.deepEqual(failuresOf(hostOf({ settings })), []);
  });

  it('tell a user who may not look how to see what they could not', () => {
    const host = hostOf({
      system: { ...HOST.system, isRoot: false, capabilities: { value: 0n } },
      configuration: {
        file: 'n.json',
        problems: ['n.json:1:1: EACCES'],
        isDenied: true,
        isEmulated: false,
      },
      hooks: { ...HOST.hooks, kernel: 'xdp' },
      daemon: denied('the control socket'),
      bpf: {
        ...HOST.bpf,
        refusedMaps: denied('bpf_map_create'),
        programs: {
          xdp: denied('bpf_prog_load'),
          tcx: denied('bpf_prog_load'),
          flower: denied('bpf_prog_load'),
        },
        pins: { value: { folder: '/sys/fs/bpf', isBpf: true, writable: false } },
        knowsTcx: denied('tcx'),
      },
      vswitch: {
        ...HOST.vswitch,
        version: denied('ovs-vswitchd'),
        configuration: denied('OVSDB'),
      },
      ports: denied('OVSDB'),
    });
    const failures = failuresOf(host);
    assert.deepEqual(
      failures.map(({ name }) => name),
      [
        'privileges',
        'configuration',
        'daemon',
        'BPF file system',
        'BPF maps',
        'XDP program',
        'ovs-vswitchd',
        'OVSDB',
      ],
    );
    for (const { name, found, remedy } of failures) {
      assert.match(remedy, /^run as root to see it: sudo norikae doctor/, name);
      if (name !== 'privileges') assert.match(found, /^cannot be seen: /, name);
    }
  });

  it('lets sequence checks pass where they are off, or no connections are placed', () => {
    const off = new Map([['netdev@ovs-netdev', { value: 'off' as const }]]);
    const settings = { ...HOST.settings, placesConnections: true };
    const vswitch = { ...HOST.vswitch, sequenceChecks: off };
    const found = checksOf(hostOf({ settings, vswitch })).find(({ name }) =>
      name.startsWith('seq'),
    );
    assert.deepEqual([found?.ok, found?.found], [true, 'off: TCP connections can be offloaded']);
    const without = checksOf(HOST).find(({ name }) => name.startsWith('seq'));
    assert.equal(without?.ok, true);
    assert.match(without.found, /^on; they matter only where `connections` is configured$/);
  });
});
