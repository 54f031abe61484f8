import { readDeviceCounters } from '../../testbed/device-counters.ts';
import { BRIDGE, type Vm } from '../../testbed/node.ts';
import type { OvsInstance } from '../../testbed/ovs.ts';
import type { Hook } from './filters.ts';
import type { Surroundings } from './surroundings.ts';

/** Bits/s that the shaped port sends: a small part of the traffic. */
const SHAPED = 64_000;

/** Kbit/s that the policed port may receive, and kbits at once. */
const POLICED = 64;
const POLICED_BURST = 160;

/** The vSwitch polices what it receives from a port. */
export function policing(ovs: OvsInstance, port: string): Surroundings {
  const set = async (rate: number, burst: number) => {
    const columns = [`ingress_policing_rate=${rate}`, `ingress_policing_burst=${burst}`];
    await ovs.vsctl('set', 'interface', port, ...columns);
  };
  return {
    counts: undefined,
    reported: () => Promise.resolve(0),
    apply: () => set(POLICED, POLICED_BURST),
    remove: () => set(0, 0),
  };
}

/** A QoS of the vSwitch that shapes what a port sends. */
export function shaping(ovs: OvsInstance, port: string): Surroundings {
  return {
    counts: undefined,
    reported: () => Promise.resolve(0),
    apply: async () => {
      const qos = ['--id=@q', 'create', 'qos', 'type=linux-htb', `other-config:max-rate=${SHAPED}`];
      await ovs.vsctl('set', 'port', port, 'qos=@q', '--', ...qos);
    },
    remove: async () => {
      await ovs.vsctl('clear', 'port', port, 'qos', '--', '--all', 'destroy', 'qos');
    },
  };
}

/** A mirror of the bridge: copies of what a port receives or sends, counted in bytes. */
export function mirroring(
  ovs: OvsInstance,
  { port, hook }: { readonly port: string; readonly hook: Hook },
  to: Vm,
): Surroundings {
  let before = 0;
  const sent = () => readDeviceCounters(ovs.vswitchdPid ?? 0, to.name).txBytes;
  return {
    counts: 'mirrored bytes',
    apply: async () => {
      before = sent();
      const column = hook === 'ingress' ? 'select-src-port' : 'select-dst-port';
      const ports = `-- --id=@p get port ${port} -- --id=@to get port ${to.name}`;
      const mirror = `-- --id=@m create mirror name=compare ${column}=@p output-port=@to`;
      const all = `${ports} ${mirror} -- set bridge ${BRIDGE} mirrors=@m`;
      await ovs.vsctl(...all.split(' '));
      // Open vSwitch 3.1 does not revalidate existing flows when a mirror is added.
      await ovs.appctl('revalidator/purge');
    },
    reported: () => Promise.resolve(sent() - before),
    remove: async () => {
      await ovs.vsctl('clear', 'bridge', BRIDGE, 'mirrors');
    },
  };
}
