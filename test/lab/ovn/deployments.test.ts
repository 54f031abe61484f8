import assert from 'node:assert/strict';
import { OvnCloud } from '../../../lab/ovn/cloud.ts';
import { deploy, DEPLOYMENTS, withdraw } from '../../../lab/ovn/deployments.ts';
import { needs } from '../../support/needs.ts';
import { passesAndDrops } from '../connections/passes-and-drops.ts';

/** Deployments of one chassis, and the zones in which they track a connection. */
const TRACKED = new Map([
  ['stateful ACL', 2],
  ['load balancer', 1],
  ['NAT', 1],
]);

describe('lab ovn', function () {
  this.timeout(120_000);
  let cloud: OvnCloud | undefined;

  before(async function () {
    needs(this, 'root', 'netns', 'ovs', 'ovn', 'xdp', 'debian-python3');
    cloud = await OvnCloud.start();
  });
  after(() => cloud?.stop());

  for (const [name, zones] of TRACKED) {
    it(`tracks a connection in the deployment ${name}, and drops it after a change`, async () => {
      assert(cloud !== undefined);
      const deployment = DEPLOYMENTS.find((one) => one.name === name);
      assert(deployment !== undefined);
      await passesAndDrops(await deploy(cloud, deployment), zones);
      await withdraw(cloud, deployment);
    });
  }
});
