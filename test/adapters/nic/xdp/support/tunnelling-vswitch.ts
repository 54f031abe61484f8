import type { TunnelKind } from '../../../../../engine/model/tunnel.ts';
import { Cleanup } from '../../../../../lab/testbed/cleanup.ts';
import { Namespace } from '../../../../../lab/testbed/namespace.ts';
import { NameMaker } from '../../../../../lab/testbed/names.ts';
import { OvsInstance } from '../../../../../lab/testbed/ovs.ts';
import { Capture } from '../../../../../lab/testbed/packets.ts';
import { createVethPort } from '../../../../../lab/testbed/veth.ts';

/** Both ends of the tunnel, in the underlay. */
const UNDERLAY = {
  4: { here: '172.16.0.1', there: '172.16.0.2', prefix: 24 },
  6: { here: 'fd00:16::1', there: 'fd00:16::2', prefix: 64 },
} as const;
const THERE_MAC = '02:00:00:00:16:02';

/** Options of a tunnel. */
export interface TunnelSettings {
  readonly kind: TunnelKind;
  readonly ipVersion: 4 | 6;
  readonly hasChecksum: boolean;
}

/**
 * An Open vSwitch with the userspace datapath that puts a VM's packets into a tunnel, and sends what comes out
 * of the tunnel to the VM. On the wire, there is no other end.
 */
export class TunnellingVswitch {
  readonly ovs: OvsInstance;
  readonly vm: Namespace;
  /** The far end of the underlay's link. */
  readonly wire: Namespace;
  readonly vmCapture: Capture;
  readonly wireCapture: Capture;
  readonly #cleanup: Cleanup;

  private constructor(
    cleanup: Cleanup,
    ovs: OvsInstance,
    vm: Namespace,
    wire: Namespace,
    captures: readonly [Capture, Capture],
  ) {
    this.#cleanup = cleanup;
    this.ovs = ovs;
    this.vm = vm;
    this.wire = wire;
    [this.vmCapture, this.wireCapture] = captures;
  }

  static async start({ kind, ipVersion, hasChecksum }: TunnelSettings): Promise<TunnellingVswitch> {
    const cleanup = new Cleanup();
    try {
      const names = new NameMaker();
      const ovs = await OvsInstance.start(cleanup, names);
      const vm = await Namespace.create(cleanup, names, 'g');
      const wire = await Namespace.create(cleanup, names, 'w');
      const host = ovs.host;
      const [vmPort, uplink] = [names.next('v'), names.next('u')];
      const common = { host, addresses: [] };
      await createVethPort(cleanup, { ...common, name: vmPort, vm, mac: '02:00:00:00:00:0a' });
      await createVethPort(cleanup, {
        ...common,
        name: uplink,
        vm: wire,
        mac: THERE_MAC,
        mtu: 1_600,
      });
      await ovs.addBridge('br-phy');
      await ovs.addPort({ bridge: 'br-phy', name: uplink });
      const { here, there, prefix } = UNDERLAY[ipVersion];
      await host.exec('ip', [
        'addr',
        'add',
        `${here}/${prefix}`,
        'dev',
        'br-phy',
        ...noDad(ipVersion),
      ]);
      await host.exec('ip', ['link', 'set', 'br-phy', 'up']);
      await ovs.addBridge('br-int');
      await ovs.addPort({ bridge: 'br-int', name: vmPort, ofport: 1 });
      const remote = ['options:remote_ip=flow', 'options:key=flow', `options:csum=${hasChecksum}`];
      const set = ['--', 'set', 'interface', 'tun0', `type=${kind}`, 'ofport_request=2'];
      await ovs.vsctl('add-port', 'br-int', 'tun0', ...set, ...remote);
      if (kind === 'geneve') {
        await ovs.ofctl('add-tlv-map', 'br-int', '{class=0x102,type=0x80,len=4}->tun_metadata0');
      }
      const address = ipVersion === 4 ? `${there}->tun_dst` : `${there}->tun_ipv6_dst`;
      const option = kind === 'geneve' ? ',set_field:0x10002->tun_metadata0' : '';
      const into = `set_field:0x77->tun_id,set_field:${address}${option},output:2`;
      await ovs.ofctl('del-flows', 'br-int');
      await ovs.ofctl('add-flow', 'br-int', `in_port=1,actions=${into}`);
      await ovs.ofctl('add-flow', 'br-int', 'in_port=2,actions=output:1');
      await ovs.appctl('tnl/neigh/set', 'br-phy', there, THERE_MAC);
      const captures = [await Capture.start(vm), await Capture.start(wire)] as const;
      return new TunnellingVswitch(cleanup, ovs, vm, wire, captures);
    } catch (error) {
      await cleanup.run();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#cleanup.run();
  }
}

function noDad(ipVersion: 4 | 6): readonly string[] {
  return ipVersion === 6 ? ['nodad'] : [];
}
