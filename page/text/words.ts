import { PATHS } from '../../api/paths.ts';
import type { StatusView } from '../../api/status-view.ts';
import { HELD } from '../../api/status-words.ts';
import { PLACEMENT_NAMES, type PlacementName } from '../../engine/model/flow.ts';

/** The class that gives a path its colour. */
export type PathTone = 'vswitch' | 'nic' | 'fast';

/** The tone of each placement's path. */
export const TONES: Readonly<Record<PlacementName, PathTone>> = {
  onload: 'vswitch',
  offload: 'nic',
  'fast-path': 'fast',
};

const OPERATORS: Readonly<Record<string, string>> = {
  equal: 'is',
  notEqual: 'is not',
  in: 'is one of',
  notIn: 'is not one of',
  contains: 'contains',
  doesNotContain: 'does not contain',
  lessThan: 'is less than',
  lessThanInclusive: 'is at most',
  greaterThan: 'is more than',
  greaterThanInclusive: 'is at least',
};

/** The text of an operator of json-rules-engine; operators of Norikae stay unchanged. */
export function operatorWords(operator: string): string {
  return OPERATORS[operator] ?? operator;
}

/** A fact's name as words: `packetsPerSecond` is `packets per second`. */
export function factWords(fact: string): string {
  return fact.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** The new placement of a decision. */
export function placeWords(to: string): string {
  if (to === 'gone') return 'gone';
  const placement = PLACEMENT_NAMES.find((p) => p === to);
  return placement === undefined ? to : PATHS[placement].title;
}

/** The daemon's state in a word and a sentence; `tone` sets colour and icon. */
export interface DaemonState {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly word: string;
  readonly detail: string;
}

/** The daemon's current state. */
export function stateOf(status: StatusView): DaemonState {
  if (status.held) return { tone: 'warn', word: 'Held', detail: HELD };
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
