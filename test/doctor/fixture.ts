import { checksOf } from '../../doctor/checks/checks.ts';
import type { Check } from '../../doctor/model/check.ts';
import type { DeviceFacts, HostFacts, PortFacts } from '../../doctor/model/facts.ts';
import type { Unseen } from '../../doctor/model/seen.ts';
import type { PortInfo } from '../../engine/model/port.ts';

/** Every capability that the kernel knows. */
export const ALL_CAPABILITIES = 0x1ff_ffff_ffffn;

export const DEVICE: DeviceFacts = {
  driver: 'veth',
  mtu: 1500,
  isUp: true,
  isEthernet: true,
  features: new Set(['rx-gro', 'tx-checksum-ip-generic']),
  xdp: { isNative: true, isRedirectTarget: true, readsVlanTag: true },
  eswitch: undefined,
};

export function portOf(about: Partial<PortInfo> = {}): PortInfo {
  return {
    name: 'vm1',
    uuid: 'b1d1b4d0-0000-4000-8000-000000000001',
    ifindex: 7,
    bridge: 'br0',
    datapath: 'userspace',
    kind: 'vm',
    mac: undefined,
    vm: 'vm1',
    slice: undefined,
    linkBitsPerSecond: undefined,
    shaped: false,
    policed: false,
    ...about,
  };
}

/** A port that can be served. */
export function portFactsOf(about: Partial<PortFacts> = {}): PortFacts {
  return {
    port: portOf(),
    excluded: undefined,
    device: { value: DEVICE },
    others: { xdp: { value: undefined }, tcx: { value: undefined }, flower: { value: undefined } },
    ...about,
  };
}

/** A host in whose way nothing stands: the userspace datapath with one port. */
export function hostOf(about: Partial<HostFacts> = {}): HostFacts {
  return {
    settings: {
      adapter: 'auto',
      mode: 'auto',
      rulesIn: 'hardware',
      ports: undefined,
      pinPath: '/sys/fs/bpf/norikae',
      heartbeatMs: 1_000,
      runDir: '/var/run/openvswitch',
      database: '/var/run/openvswitch/db.sock',
      datapath: undefined,
      offloadExportingBridges: false,
      flowMonitor: true,
      assumedIdleTimeout: undefined,
      placesConnections: false,
    },
    configuration: {
      file: '/etc/norikae/norikae.json',
      problems: [],
      isDenied: false,
      isEmulated: false,
    },
    daemon: { value: undefined },
    system: {
      release: '6.8.0-31-generic',
      littleEndian: true,
      isRoot: true,
      capabilities: { value: ALL_CAPABILITIES },
    },
    bpf: {
      libbpf: { value: 'v1.1' },
      jit: { value: true },
      pins: { value: { folder: '/sys/fs/bpf', isBpf: true, writable: true } },
      refusedMaps: { value: [] },
      programs: {
        xdp: { value: 'accepted' },
        tcx: { value: 'accepted' },
        flower: { value: 'accepted' },
      },
      knowsTcx: { value: true },
    },
    hooks: { userspace: 'xdp', kernel: 'tcx', unknown: 'xdp' },
    vswitch: {
      version: { value: '3.1.0' },
      datapaths: { value: ['netdev@ovs-netdev'] },
      sequenceChecks: new Map([['netdev@ovs-netdev', { value: 'on' }]]),
      configuration: {
        value: { bridges: [{ name: 'br0', datapath: 'userspace' }], settings: new Map() },
      },
      shortestHeartbeatMs: 500,
      rules: new Map([['br0', { value: true }]]),
    },
    ports: { value: [portFactsOf()] },
    ...about,
  };
}

/** The same host with the kernel datapath. */
export function kernelHostOf(port: Partial<PortFacts> = {}): HostFacts {
  const { vswitch, ...host } = hostOf();
  return {
    ...host,
    vswitch: {
      ...vswitch,
      datapaths: { value: ['system@ovs-system'] },
      sequenceChecks: new Map([['system@ovs-system', { value: 'on' }]]),
      configuration: {
        value: { bridges: [{ name: 'br0', datapath: 'kernel' }], settings: new Map() },
      },
    },
    ports: { value: [portFactsOf({ port: portOf({ datapath: 'kernel' }), ...port })] },
  };
}

export function failuresOf(facts: HostFacts): readonly Check[] {
  return checksOf(facts).filter(({ ok }) => !ok);
}

export function denied(what: string): Unseen {
  return { unseen: `${what} (EACCES)`, isDenied: true };
}

export function broken(what: string): Unseen {
  return { unseen: what, isDenied: false };
}
