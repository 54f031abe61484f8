/**
 * @import { PlacementName } from '../../engine/model/flow.ts'
 * @import { PathName } from '../../telemetry/accounts/tick-accounts.ts'
 * @import { StatusView } from '../../api/status-view.ts'
 */

/**
 * The paths by the name of the placement that puts a flow on them: what people call them, and the
 * class that gives them their colour.
 *
 * @type {Readonly<Record<PlacementName, { readonly name: string, readonly tone: string }>>}
 */
export const PATHS = {
  onload: { name: 'vSwitch', tone: 'vswitch' },
  offload: { name: 'NIC', tone: 'nic' },
  'fast-path': { name: 'Fast path', tone: 'fast' },
};

/**
 * The path's name in what the daemon counts.
 *
 * @type {Readonly<Record<PlacementName, PathName>>}
 */
export const PATH_NAMES = { onload: 'vswitch', offload: 'nic', 'fast-path': 'fast-path' };

/** @type {readonly PlacementName[]} */
export const PLACEMENTS = ['onload', 'offload', 'fast-path'];

/** @type {Readonly<Record<string, string>>} */
const OPERATORS = {
  equal: 'is',
  notEqual: 'is not',
  in: 'is one of',
  notIn: 'is none of',
  contains: 'contains',
  doesNotContain: 'does not contain',
  lessThan: 'is less than',
  lessThanInclusive: 'is at most',
  greaterThan: 'is more than',
  greaterThanInclusive: 'is at least',
};

/**
 * An operator of json-rules-engine in words; one of Norikae's own as it is.
 *
 * @param {string} operator
 */
export function operatorWords(operator) {
  return OPERATORS[operator] ?? operator;
}

/**
 * A fact's name in words: `packetsPerSecond` is `packets per second`.
 *
 * @param {string} fact
 */
export function factWords(fact) {
  return fact.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/**
 * Where a decision led.
 *
 * @param {string} to
 */
export function placeWords(to) {
  if (to === 'gone') return 'gone';
  const placement = PLACEMENTS.find((p) => p === to);
  return placement === undefined ? to : PATHS[placement].name;
}

/**
 * What the daemon does now, in a word and a sentence; `tone` gives it its colour and sign.
 *
 * @param {StatusView} status
 * @returns {{ readonly tone: 'good' | 'warn' | 'bad', readonly word: string, readonly detail: string }}
 */
export function stateOf(status) {
  if (status.held) {
    return {
      tone: 'warn',
      word: 'Held',
      detail: 'everything stays on the vSwitch until norikae resume',
    };
  }
  if (status.tick.sequence === 0) {
    return { tone: 'warn', word: 'Starting', detail: 'no reading of the node yet' };
  }
  if (!status.tick.fresh) {
    const names = status.sources.filter((s) => !s.fresh).map((s) => s.name);
    const what = names.length === 0 ? 'a source' : names.join(', ');
    return { tone: 'bad', word: 'Stale', detail: `nothing is moved: no fresh reading of ${what}` };
  }
  const failing = status.backends.filter((b) => !b.started || b.error !== null);
  if (failing.length > 0) {
    return {
      tone: 'bad',
      word: 'Impaired',
      detail: `a backend fails: ${failing.map((b) => b.name).join(', ')}`,
    };
  }
  if (status.backends.length === 0) {
    return { tone: 'warn', word: 'Watching', detail: 'no backend: nothing is placed' };
  }
  return { tone: 'good', word: 'Placing', detail: 'flows are placed by the policies in force' };
}
