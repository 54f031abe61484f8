import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  afterStep,
  nextStep,
  NOTHING,
  type Step,
  type VmState,
} from '../../../../adapters/nic/vf/steps.ts';
import {
  type SteeringMode,
  type VmEntry,
  wantedState,
  WHOLE_VM,
} from '../../../../adapters/nic/vf/wanted.ts';

/** More than any change takes. */
const MAX_STEPS = 20;

const entries = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    direction: fc.constantFrom('receive' as const, 'transmit' as const),
  }),
  { selector: ({ id }) => id },
);
const mode = fc.constantFrom<SteeringMode>('ntuple', 'mac');

/**
 * The ways of a packet in a model of NIC, guest and vSwitch: to the VM for received packets, to the
 * wire for sent ones. None: it is lost.
 */
function ways(state: VmState, by: SteeringMode, { id, direction }: VmEntry): readonly string[] {
  if (direction === 'receive') {
    const isSteered = state.steered.has(by === 'mac' ? WHOLE_VM : id);
    if (!isSteered) return ['vswitch'];
    const isTaken = state.receive.has(id) || state.receive.has(WHOLE_VM);
    return state.isOpen && isTaken ? ['vf'] : [];
  }
  if (!state.transmit.has(id)) return ['vswitch'];
  // With its MAC address elsewhere, the NIC's spoof check drops what the guest sends.
  const passesCheck = by === 'ntuple' || state.steered.has(WHOLE_VM);
  return state.isOpen && passesCheck ? ['vf'] : [];
}

function assertNothingLost(state: VmState, by: SteeringMode, step?: Step): void {
  for (const id of ['a', 'b', 'c', 'd']) {
    for (const direction of ['receive', 'transmit'] as const) {
      assert.equal(
        ways(state, by, { id, direction }).length,
        1,
        `${direction} ${id} after ${JSON.stringify(step)}`,
      );
    }
  }
}

describe('steps between vSwitch and virtual function', () => {
  it('leave each packet exactly one way at every moment, and end at what is wanted', () => {
    fc.assert(
      fc.property(mode, fc.array(entries, { maxLength: 5 }), (by, changes) => {
        let state = NOTHING;
        for (const change of changes) {
          const wanted = wantedState(by, change);
          for (let n = 0; ; n++) {
            const step = nextStep(state, wanted);
            if (step === undefined) break;
            assert.ok(n < MAX_STEPS, 'it does not end');
            state = afterStep(state, step);
            assertNothingLost(state, by, step);
          }
          assert.deepEqual(state, wanted);
          for (const entry of change) assert.deepEqual(ways(state, by, entry), ['vf']);
        }
      }),
    );
  });

  it('lose no packet either when they are interrupted, and another state is wanted', () => {
    const interrupted = fc.record({ change: entries, after: fc.nat(6) });
    fc.assert(
      fc.property(mode, fc.array(interrupted, { maxLength: 8 }), (by, changes) => {
        let state = NOTHING;
        for (const { change, after } of changes) {
          for (let n = 0; n < after; n++) {
            const step = nextStep(state, wantedState(by, change));
            if (step === undefined) break;
            state = afterStep(state, step);
            assertNothingLost(state, by, step);
          }
        }
      }),
    );
  });

  it('lose no packet when parts of them fail, if what depends on these is no longer wanted', () => {
    const failing = fc.record({
      change: entries,
      fails: fc.array(fc.boolean(), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(mode, fc.array(failing, { maxLength: 5 }), (by, changes) => {
        let state = NOTHING;
        for (const { change, fails } of changes) {
          let left: readonly VmEntry[] = change;
          for (let n = 0; n < MAX_STEPS; n++) {
            const step = nextStep(state, wantedState(by, left));
            if (step === undefined) break;
            if (fails[n] && step.do !== 'delete' && step.do !== 'close') {
              // What a refused step was for is not wanted any more.
              left = step.do === 'put' ? left.filter(({ id }) => !step.ids.includes(id)) : [];
              if (step.do === 'put' && step.ids.includes(WHOLE_VM)) left = [];
              continue;
            }
            state = afterStep(state, step);
            assertNothingLost(state, by, step);
          }
        }
      }),
    );
  });

  it('come in this order', () => {
    const taken: string[] = [];
    let state = NOTHING;
    const both: VmEntry[] = [
      { id: 'r', direction: 'receive' },
      { id: 't', direction: 'transmit' },
    ];
    for (const wanted of [wantedState('ntuple', both), wantedState('ntuple', [])]) {
      for (let step = nextStep(state, wanted); step !== undefined; step = nextStep(state, wanted)) {
        taken.push('part' in step ? `${step.do} ${step.part} ${step.ids.join()}` : step.do);
        state = afterStep(state, step);
      }
    }
    assert.deepEqual(taken, [
      'open',
      'put receive r',
      'put steered r',
      'put transmit t',
      'delete transmit t',
      'delete steered r',
      'delete receive r',
      'close',
    ]);
  });
});
