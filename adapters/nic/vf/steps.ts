/**
 * What is in force for one VM: whether its virtual function (VF) may send, and by id the receive
 * rules in the guest, what the NIC steers to the VF, and the transmit rules in the guest.
 */
export interface VmState {
  readonly isOpen: boolean;
  readonly receive: ReadonlySet<string>;
  readonly steered: ReadonlySet<string>;
  readonly transmit: ReadonlySet<string>;
}

export const NOTHING: VmState = {
  isOpen: false,
  receive: new Set(),
  steered: new Set(),
  transmit: new Set(),
};

/** Parts of the state that have ids, in the order in which they are put in force. */
export const PARTS = ['receive', 'steered', 'transmit'] as const;
export type Part = (typeof PARTS)[number];

/** One change, after which the state is one that packets can be in for any time. */
export type Step =
  | { readonly do: 'open' | 'close' }
  | { readonly do: 'put' | 'delete'; readonly part: Part; readonly ids: readonly string[] };

/**
 * The next step from one state to another; undefined when they are equal.
 *
 * Make before break: the VF is opened, the guest takes what arrives at it, the NIC steers, and only
 * then the guest sends. Everything is taken back in the opposite order, and before anything is put.
 * So at each moment a packet has a way: what is steered is received, and what is sent goes through
 * an open VF.
 */
export function nextStep(from: VmState, to: VmState): Step | undefined {
  for (const part of PARTS.toReversed()) {
    const ids = missing(from[part], to[part]);
    if (ids.length > 0) return { do: 'delete', part, ids };
  }
  if (from.isOpen && !to.isOpen) return { do: 'close' };
  if (!from.isOpen && to.isOpen) return { do: 'open' };
  for (const part of PARTS) {
    const ids = missing(to[part], from[part]);
    if (ids.length > 0) return { do: 'put', part, ids };
  }
  return undefined;
}

/**
 * The state after a step.
 *
 * @param done ids for which it succeeded; left out: all
 */
export function afterStep(
  state: VmState,
  step: Step,
  done: readonly string[] = 'ids' in step ? step.ids : [],
): VmState {
  switch (step.do) {
    case 'open':
    case 'close':
      return { ...state, isOpen: step.do === 'open' };
    case 'put':
      return { ...state, [step.part]: new Set([...state[step.part], ...done]) };
    case 'delete':
      break;
  }
  return { ...state, [step.part]: new Set(missing(state[step.part], new Set(done))) };
}

/** The elements of `some` that `others` lacks. */
function missing(some: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...some].filter((id) => !others.has(id));
}
