import assert from 'node:assert/strict';
import type { FlowActions } from '../../engine/model/action.ts';
import type { FlowSpec } from '../../engine/model/flow.ts';
import type { FlowVerifier } from '../../engine/ports/flow-verifier.ts';
import { aborted, never } from './collect.ts';

/** A vSwitch with one flow. */
export interface FlowVerifierFixture {
  readonly verifier: FlowVerifier;
  /** The flow, with the actions that it has in the vSwitch. */
  readonly flow: FlowSpec;
  /** Packets of the flow that the vSwitch has counted. */
  readonly packets: () => Promise<number>;
  /**
   * Changes what the rules do with the flow, but not the flow itself; resolves to the actions by the
   * new rules.
   */
  readonly changeRules: () => Promise<FlowActions>;
  readonly close: () => Promise<void>;
}

/** The contract of {@link FlowVerifier}. */
export function describeFlowVerifier(
  name: string,
  makeFixture: () => Promise<FlowVerifierFixture>,
): void {
  const withVerifier = (test: (fixture: FlowVerifierFixture) => Promise<void>) =>
    async function () {
      const fixture = await makeFixture();
      try {
        await test(fixture);
      } finally {
        await fixture.verifier.close();
        await fixture.close();
      }
    };

  describe(`${name}: contract of a flow verifier`, function () {
    this.timeout(20_000);

    it(
      'answers with the actions of a flow that follows the rules',
      withVerifier(async ({ verifier, flow }) => {
        const { current, sourceMs } = await verifier.currentActions(flow.id, never());
        assert.deepEqual(current, { kind: 'known', actions: flow.actions });
        assert.ok(sourceMs >= 0);
      }),
    );

    it(
      'answers with the actions by the rules, if the flow has others',
      withVerifier(async ({ verifier, flow, changeRules }) => {
        const actions = await changeRules();
        const { current } = await verifier.currentActions(flow.id, never());
        assert.deepEqual(current, { kind: 'known', actions });
        assert.notDeepEqual(actions, flow.actions);
      }),
    );

    it(
      'answers that a flow is gone',
      withVerifier(async ({ verifier }) => {
        const { current } = await verifier.currentActions({ w0: 1, w1: 2, w2: 3, w3: 4 }, never());
        assert.deepEqual(current, { kind: 'gone' });
      }),
    );

    it(
      'does not count as a packet',
      withVerifier(async ({ verifier, flow, packets }) => {
        const before = await packets();
        for (let n = 0; n < 5; n++) await verifier.currentActions(flow.id, never());
        assert.equal(await packets(), before);
      }),
    );

    it(
      'rejects when the caller gives up',
      withVerifier(async ({ verifier, flow }) => {
        await assert.rejects(verifier.currentActions(flow.id, aborted()), /gave up/);
      }),
    );
  });
}
