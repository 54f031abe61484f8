import type { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import type { Action, Actions } from './action.ts';
import { EXPERIMENTER_ACTION } from './action-codes.ts';
import { getAction10, putAction10 } from './actions-of10.ts';
import { getAction13, putAction13 } from './actions-of13.ts';
import { OpenFlowEncodeError } from '../wire/errors.ts';
import { OF10, type Version } from './version.ts';

/** Writes a list of actions. */
export function putActions(w: Writer, actions: Actions, version: Version): void {
  for (const action of actions) {
    if (action.kind === 'experimenter' || action.kind === 'unknown') putOther(w, action);
    else if (version === OF10) putAction10(w, action);
    else putAction13(w, action);
  }
}

/** Reads actions up to the end of the current structure. */
export function getActions(r: Reader, version: Version): Actions {
  const actions: Action[] = [];
  while (r.at < r.end) {
    const code = r.u16();
    const length = r.u16();
    if (length < 8 || length % 8 !== 0) throw r.fail(`the length of an action, not ${length}`);
    const outer = r.enter(length - 4, 'an action');
    actions.push(
      (version === OF10 ? getAction10(r, code) : getAction13(r, code)) ?? getOther(r, code),
    );
    r.leave(outer);
  }
  return actions;
}

function putOther(w: Writer, action: Extract<Action, { kind: 'experimenter' | 'unknown' }>): void {
  const start = w.length;
  if (action.kind === 'experimenter') {
    w.u16(EXPERIMENTER_ACTION);
    w.u16(0);
    w.u32(action.experimenter);
  } else {
    w.u16(action.code);
    w.u16(0);
  }
  w.bytes(action.bytes);
  const length = w.length - start;
  if (length % 8 !== 0 || length === 0) {
    throw new OpenFlowEncodeError(`an action is ${length} bytes long, not a multiple of 8`);
  }
  w.patchLength(start + 2, length);
}

function getOther(r: Reader, code: number): Action {
  if (code !== EXPERIMENTER_ACTION) return { kind: 'unknown', code, bytes: r.rest() };
  return { kind: 'experimenter', experimenter: r.u32(), bytes: r.rest() };
}
