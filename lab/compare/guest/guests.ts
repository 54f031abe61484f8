import type { Vm } from '../../testbed/node.ts';
import { run } from '../../testbed/run.ts';
import {
  type End,
  FINAL_SEGMENT,
  FORWARDED_IPV4,
  FORWARDED_IPV6,
  VLAN,
  VNI,
  VXLAN_PORT,
} from '../traffic/ends.ts';
import { Agent } from './agent.ts';

/** What a guest has by default. */
export const FULL_OFFLOADS = ['tx', 'on', 'tso', 'on', 'gro', 'on'];

/** A guest with its addresses and its agent. */
export interface Guest {
  readonly vm: Vm;
  readonly end: End;
  readonly agent: Agent;
}

/** Sets offloads of a VM's device. */
export async function setOffloads(vm: Vm, ...settings: readonly string[]): Promise<void> {
  await vm.namespace.exec('ethtool', ['-K', 'eth0', ...settings]);
}

/** Starts the agent of a VM. `folder`: for its socket. */
export async function guestOf(vm: Vm, folder: string): Promise<Guest> {
  const end = {
    mac: vm.mac,
    ipv4: vm.address,
    ipv6: `fd09::${vm.number}`,
    tagged: `192.168.5.${vm.number}`,
    inner: `192.168.7.${vm.number}`,
    innerMac: `02:19:00:00:00:0${vm.number}`,
  };
  return { vm, end, agent: await Agent.start(vm.namespace, folder) };
}

/** A VXLAN device in each guest, which completes what is inside. */
export async function giveTunnels(...[a, b]: readonly [Guest, Guest]): Promise<void> {
  for (const [own, other] of [
    [a, b],
    [b, a],
  ]) {
    const { end, vm } = own;
    const inside = (...args: readonly string[]) => run('ip', ['-n', vm.namespace.name, ...args]);
    const remote = ['local', end.ipv4, 'remote', other.end.ipv4, 'nolearning'];
    const vxlan = ['type', 'vxlan', 'id', String(VNI), 'dstport', String(VXLAN_PORT)];
    await inside('link', 'add', 'vx0', 'address', end.innerMac, ...vxlan, 'dev', 'eth0', ...remote);
    await inside('link', 'set', 'vx0', 'addrgenmode', 'none');
    await inside('address', 'add', `${end.inner}/24`, 'dev', 'vx0');
    await vm.namespace.exec('ethtool', ['-K', 'vx0', 'tx', 'off']);
    await inside('link', 'set', 'vx0', 'up');
    await inside('neigh', 'replace', other.end.inner, 'lladdr', other.end.innerMac, 'dev', 'vx0');
  }
}

/** A VLAN device in each guest, with the offloads of the guest's device. */
export async function giveVlan(...[a, b]: readonly [Guest, Guest]): Promise<void> {
  for (const [own, other] of [
    [a, b],
    [b, a],
  ]) {
    const inside = (...args: readonly string[]) =>
      run('ip', ['-n', own.vm.namespace.name, ...args]);
    await inside('link', 'add', 'link', 'eth0', 'name', 'tag0', 'type', 'vlan', 'id', String(VLAN));
    await inside('link', 'set', 'tag0', 'addrgenmode', 'none');
    await inside('address', 'add', `${own.end.tagged}/24`, 'dev', 'tag0');
    await inside('link', 'set', 'tag0', 'up');
    const neighbour = ['lladdr', other.end.mac, 'dev', 'tag0'];
    await inside('neigh', 'replace', other.end.tagged, ...neighbour);
  }
}

/** IPv6 addresses, a segment list from the first to the second, and whom the first forwards for. */
export async function giveIpv6(from: Guest, to: Guest): Promise<void> {
  for (const [own, other] of [
    [from, to],
    [to, from],
  ]) {
    const { namespace } = own.vm;
    const inside = (...args: readonly string[]) => run('ip', ['-n', namespace.name, ...args]);
    const neighbour = (address: string, mac: string) =>
      inside('neigh', 'replace', address, 'lladdr', mac, 'dev', 'eth0');
    await namespace.exec('sysctl', [
      '-q',
      'net.ipv6.conf.all.seg6_enabled=1',
      'net.ipv6.conf.eth0.seg6_enabled=1',
    ]);
    await inside('address', 'add', `${own.end.ipv6}/64`, 'dev', 'eth0', 'nodad');
    await neighbour(other.end.ipv6, other.vm.mac);
    if (own === from) {
      const route = ['encap', 'seg6', 'mode', 'inline', 'segs', to.end.ipv6, 'dev', 'eth0'];
      await inside('-6', 'route', 'add', FINAL_SEGMENT, ...route);
    } else {
      await inside('address', 'add', `${FINAL_SEGMENT}/128`, 'dev', 'lo', 'nodad');
      await neighbour(FORWARDED_IPV4, from.vm.mac);
      await neighbour(FORWARDED_IPV6, from.vm.mac);
    }
  }
}
