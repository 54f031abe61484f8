import { FLOW_SORTS, type FlowSort } from '../../api/flow-views.ts';

/** A key: its name as Node names it, or the character that it types. */
export interface Key {
  readonly name: string;
  readonly ctrl: boolean;
  /** Empty for a key that types nothing. */
  readonly character: string;
}

/** What `norikae top` shows. */
export interface TopState {
  readonly sort: FlowSort;
  /** Words that flows must have, as typed. */
  readonly filter: string;
  /** The filter that is being typed; undefined: none is. */
  readonly typing: string | undefined;
  readonly paused: boolean;
  /** ufid of the marked flow; undefined: none is marked. */
  readonly marked: string | undefined;
  /** ufid of the flow whose explanation is shown; undefined: the list is shown. */
  readonly detail: string | undefined;
  /** Lines of the explanation that are scrolled away. */
  readonly scrolled: number;
}

/** Maximum characters of a filter: those of one word that the daemon accepts. */
const MAX_FILTER = 100;

/**
 * The state after a key; `quit` ends the command.
 *
 * @param ids ufids of the listed flows, in order
 */
export function afterKey(state: TopState, key: Key, ids: readonly string[]): TopState | 'quit' {
  if (key.ctrl) return key.name === 'c' ? 'quit' : state;
  if (state.typing !== undefined) return afterTyping(state, state.typing, key);
  switch (key.name) {
    case 'q':
      return 'quit';
    case 's':
      return {
        ...state,
        sort: FLOW_SORTS[(FLOW_SORTS.indexOf(state.sort) + 1) % FLOW_SORTS.length],
      };
    case 'p':
    case 'space':
      return { ...state, paused: !state.paused };
    case 'escape':
      return { ...state, detail: undefined, marked: state.detail };
    case 'return':
      return afterReturn(state, ids);
    case 'down':
    case 'j':
      return moved(state, 1, ids);
    case 'up':
    case 'k':
      return moved(state, -1, ids);
    default:
      return key.character === '/' ? { ...state, detail: undefined, typing: state.filter } : state;
  }
}

function afterTyping(state: TopState, typing: string, key: Key): TopState {
  if (key.name === 'return') return { ...state, filter: typing.trim(), typing: undefined };
  if (key.name === 'escape') return { ...state, typing: undefined };
  if (key.name === 'backspace') return { ...state, typing: typing.slice(0, -1) };
  return { ...state, typing: `${typing}${key.character}`.slice(0, MAX_FILTER) };
}

/** Return shows the marked flow, or the first one, and leaves the explanation again. */
function afterReturn(state: TopState, ids: readonly string[]): TopState {
  if (state.detail !== undefined) return { ...state, detail: undefined };
  const id = ids.find((listed) => listed === state.marked) ?? ids.at(0);
  return id === undefined ? state : { ...state, marked: id, detail: id, scrolled: 0 };
}

function moved(state: TopState, by: 1 | -1, ids: readonly string[]): TopState {
  if (state.detail !== undefined) return { ...state, scrolled: Math.max(0, state.scrolled + by) };
  const at = state.marked === undefined ? -1 : ids.indexOf(state.marked);
  const next = at === -1 ? 0 : Math.min(ids.length - 1, Math.max(0, at + by));
  return { ...state, marked: ids.at(next) };
}
