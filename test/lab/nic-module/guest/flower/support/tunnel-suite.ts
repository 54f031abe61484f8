import assert from 'node:assert/strict';
import { never } from '../../../../../contract/collect.ts';
import { outcomesOf, put } from '../../../../../contract/offload-backend-operations.ts';
import type { PrintedFilter } from '../../support/printed-filters.ts';
import type { TunnelBed } from './tunnel-bed.ts';
import { LONGER_OPTIONS, OPTION, type TunnelKind } from './tunnel-kinds.ts';
import { PACKETS, TunnelNode } from './tunnel-node.ts';

/** Tests of rules for a kind of tunnel. @param makeBed called once the needs of the test are met */
export function testTunnels(kind: TunnelKind, makeBed: () => Promise<TunnelBed>): void {
  let node: TunnelNode | undefined;
  let ours: readonly (readonly PrintedFilter[])[] = [];

  before(async () => {
    node = await TunnelNode.start(kind, makeBed);
  });

  after(() => node?.stop());

  it('carry flows into them and out of them, with the same outer headers', async () => {
    assert(node !== undefined);
    assert.equal(await node.passed('in'), PACKETS);
    assert.equal(await node.passed('out'), PACKETS);
    const before = await node.captured();
    const both = await node.flows();
    assert.equal(both.length, 2, JSON.stringify(both));
    assert(both.some(({ match }) => match.inPort === kind.device));
    const results = await node.backend.apply(both.map(put), never());
    assert.deepEqual(outcomesOf(results), ['installed', 'installed'], JSON.stringify(results));
    assert.equal(await node.passed('in'), 0);
    assert.equal(await node.passed('out'), 0);
    ours = await node.written();
    const after = await node.captured();
    assert.equal(after.length, 1);
    assert.deepEqual(after, before);
  });

  if (kind.hasOption) {
    it('leave packets with more options, or without any, to the vSwitch', async () => {
      assert(node !== undefined);
      for (const options of [LONGER_OPTIONS, undefined]) {
        await node.sendWith(options);
        assert.equal(await node.passed('out'), PACKETS, options);
      }
      await node.sendWith(OPTION);
      assert.equal(await node.passed('out'), 0);
    });
  }

  it('give them back', async () => {
    assert(node !== undefined);
    await node.backend.withdrawAll();
    assert.equal(await node.passed('in'), PACKETS);
    assert.equal(await node.passed('out'), PACKETS);
  });

  it('are those of the offload of Open vSwitch itself', async () => {
    assert(node !== undefined);
    await node.letVswitchOffload();
    await node.send('in');
    await node.send('out');
    // tc does not print the flag DF, in which they differ.
    const theirs = (await node.written()).map((filters) => filters.map(withoutPort));
    assert.deepEqual(
      theirs,
      ours.map((filters) => filters.map(withoutPort)),
    );
  });
}

/** In software, ours need no port: the device of the filter has one. */
function withoutPort(filter: PrintedFilter): PrintedFilter {
  const { enc_dst_port: _, ...keys } = filter.keys;
  return { ...filter, keys };
}
