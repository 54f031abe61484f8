import { describeOffloadBackend } from '../../../contract/offload-backend.ts';
import { type Need, needs } from '../../../support/needs.ts';
import { contractFixture, type Listen, type MakeBackend, SharedNode } from './contract-node.ts';

/** A backend whose programs are attached to devices. */
export interface AttachedContract {
  /** Hook and mode. */
  readonly name: string;
  readonly need: Need;
  readonly listen: Listen;
  /** Called once, when the tests begin. */
  readonly maker: () => MakeBackend;
  /** The contract, or a part of it; default: all of it. */
  readonly contract?: typeof describeOffloadBackend;
}

/** The contract of backends for programs on the devices of three VMs, which its tests share. */
export function describeAttachedContract(options: AttachedContract): void {
  const { name, need, listen, maker, contract = describeOffloadBackend } = options;
  describe(`${name} backend`, () => {
    let node: SharedNode | undefined;
    let makeBackend: MakeBackend;

    before(async function () {
      needs(this, 'root', 'netns', need, 'debian-python3');
      this.timeout(60_000);
      makeBackend = maker();
      node = await SharedNode.start(listen);
    });

    after(() => node?.world.close());

    contract(
      name,
      (asked) => {
        if (node === undefined) throw new Error('the node was not started');
        return contractFixture(node, makeBackend, asked);
      },
      { traffic: true, portChanges: true, timeoutMs: 20_000 },
    );
  });
}
