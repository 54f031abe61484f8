import type { Scene } from '../connections/scene.ts';
import { INTEGRATION } from './chassis.ts';
import type { OvnCloud, VmName } from './cloud.ts';

/** An address that only OVN translates. */
const VIRTUAL = '172.30.0.3';

/** One way to use OVN: how it is configured, and between whom the traffic is. */
export interface Deployment {
  readonly name: string;
  readonly server: VmName;
  /** Address that the client sends to, if it is not the server's. */
  readonly target?: string;
  /** True: the server is on the second chassis. */
  readonly isRemote?: true;
  /** Commands of ovn-nbctl that make it, and that undo it. */
  readonly make: readonly (readonly string[])[];
  readonly undo: readonly (readonly string[])[];
}

/** ACLs that let connections be opened towards servers only, on both ends. */
const STATEFUL = [
  ['pg-add', 'clients', 'client'],
  ['pg-add', 'servers', 'neighbour', 'routed', 'remote'],
  ...['clients', 'servers'].flatMap((group) => [
    acl(group, 'from-lport', 1_002, `inport == @${group} && ip4`, 'allow-related'),
    acl(group, 'to-lport', 1_001, `outport == @${group} && ip`, 'drop'),
  ]),
  acl('servers', 'to-lport', 1_002, 'outport == @servers && ip4', 'allow-related'),
];
const NO_STATEFUL = [
  ['pg-del', 'clients'],
  ['pg-del', 'servers'],
];

/** The deployments of the lab, in order; those of the second chassis last. */
export const DEPLOYMENTS: readonly Deployment[] = [
  { name: 'L2', server: 'neighbour', make: [], undo: [] },
  {
    name: 'stateless ACL',
    server: 'neighbour',
    make: [
      acl('s1', 'from-lport', 1_000, 'ip4', 'allow-stateless'),
      acl('s1', 'to-lport', 1_000, 'ip4', 'allow-stateless'),
    ],
    undo: [['acl-del', 's1']],
  },
  { name: 'stateful ACL', server: 'neighbour', make: STATEFUL, undo: NO_STATEFUL },
  { name: 'routed', server: 'routed', make: [], undo: [] },
  {
    name: 'load balancer',
    server: 'routed',
    target: VIRTUAL,
    make: [
      ['lb-add', 'lb1', VIRTUAL, '10.2.0.3'],
      ['ls-lb-add', 's1', 'lb1'],
    ],
    undo: [
      ['ls-lb-del', 's1', 'lb1'],
      ['lb-del', 'lb1'],
    ],
  },
  {
    name: 'NAT',
    server: 'routed',
    target: VIRTUAL,
    make: [
      // NAT needs a router on one chassis.
      ['set', 'Logical_Router', 'r1', 'options:chassis=ch1'],
      ['lr-nat-add', 'r1', 'dnat_and_snat', VIRTUAL, '10.2.0.3'],
    ],
    undo: [
      ['lr-nat-del', 'r1'],
      ['remove', 'Logical_Router', 'r1', 'options', 'chassis'],
    ],
  },
  {
    name: 'two chassis, Geneve',
    server: 'remote',
    isRemote: true,
    make: STATEFUL,
    undo: NO_STATEFUL,
  },
];

/** The port group of the ACL that drops all traffic to a server. */
const DENIED = 'denied';

/** Configures OVN for a deployment; resolves when every chassis has applied it. */
export async function deploy(cloud: OvnCloud, deployment: Deployment): Promise<Scene> {
  if (deployment.isRemote === true) await cloud.startSecondChassis();
  await apply(cloud, deployment.make);
  const server = cloud.vm(deployment.server);
  return {
    name: deployment.name,
    switches: cloud.allChassis,
    bridge: INTEGRATION,
    client: cloud.vm('client'),
    server,
    target: deployment.target ?? server.address,
    deny: () => deny(cloud, deployment.server),
    settled: () => cloud.central.settled(),
    allow: () => apply(cloud, [['pg-del', DENIED]]),
  };
}

/** Undoes {@link deploy}. */
export async function withdraw(cloud: OvnCloud, deployment: Deployment): Promise<void> {
  await apply(cloud, deployment.undo);
}

async function deny(cloud: OvnCloud, server: VmName): Promise<void> {
  const match = `outport == @${DENIED} && ip4`;
  await cloud.central.nbctl(
    ['pg-add', DENIED, server],
    acl(DENIED, 'to-lport', 2_000, match, 'drop'),
  );
}

function acl(
  entity: string,
  direction: 'from-lport' | 'to-lport',
  priority: number,
  match: string,
  verdict: string,
): readonly string[] {
  const type = entity.startsWith('s1') ? 'switch' : 'port-group';
  return [`--type=${type}`, 'acl-add', entity, direction, String(priority), match, verdict];
}

async function apply(cloud: OvnCloud, commands: readonly (readonly string[])[]): Promise<void> {
  await cloud.central.nbctl(...commands);
  await cloud.central.settled();
}
