import assert from 'node:assert/strict';
import { REASONS } from '../../engine/model/reason.ts';
import { readDocument } from './user-texts.ts';

/** Not shown of a flow that a tick has decided: nothing has to be done about them. */
const UNLISTED: ReadonlySet<string> = new Set(['unseen', 'not-evaluated']);

describe('docs/operations.md', () => {
  it('explains every reason', () => {
    const [, section] = readDocument('docs/operations.md').split('## Troubleshooting');
    const listed = [...section.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell]) =>
      [...cell.matchAll(/`([a-z-]+)`/g)].map(([, code]) => code),
    );
    const codes = REASONS.map(({ code }) => code).filter((code) => !UNLISTED.has(code));
    assert.deepEqual(listed.toSorted(), codes.toSorted());
  });
});
