import assert from 'node:assert/strict';
import { FlowTable } from '../../../engine/model/flow-table.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { Support } from '../../../engine/ports/offload-backend.ts';
import { SupportCache } from '../../../engine/reconcile/support-cache.ts';
import { outputTo, read, rowOf } from '../../support/flows.ts';

const REFUSAL: Refusal = { code: 'unsupported-action', detail: 'of a test' };

/** A backend that supports only flows to `vm2`, and counts queries. */
class Backend {
  queries = 0;

  supports({ actions }: FlowSpec): Support {
    this.queries++;
    const [action] = actions;
    const ok = action?.kind === 'output' && action.port === 'vm2';
    return ok ? { ok } : { ok: false, refusal: REFUSAL };
  }
}

describe('support cache', () => {
  it('queries the backend once per version of a flow', () => {
    const backend = new Backend();
    const cache = new SupportCache(backend);
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    const row = rowOf(table, 1);
    assert.equal(cache.supports(table, row), true);
    assert.equal(cache.supports(table, row), true);
    assert.equal(backend.queries, 1);
    read(table, 1, [{ n: 1, actions: outputTo('vm3') }]);
    assert.equal(cache.supports(table, row), false);
    assert.equal(cache.supports(table, row), false);
    assert.equal(cache.refusalOf(row), REFUSAL);
    assert.equal(backend.queries, 2);
    cache.clear();
    assert.equal(cache.refusalOf(row), undefined);
    assert.equal(cache.supports(table, row), false);
    assert.equal(backend.queries, 3);
  });

  it('does not use an answer for a later flow of the same row', () => {
    const backend = new Backend();
    const cache = new SupportCache(backend);
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    const row = rowOf(table, 1);
    assert.equal(cache.supports(table, row), true);
    read(table, 1, []);
    read(table, 2, [{ n: 2, actions: outputTo('vm3') }]);
    assert.equal(rowOf(table, 2), row);
    assert.equal(cache.supports(table, row), false);
    read(table, 3, []);
    read(table, 4, [{ n: 3 }]);
    assert.equal(cache.refusalOf(row), undefined);
  });

  it('keeps a refusal only for the refused version', () => {
    const cache = new SupportCache(new Backend());
    const table = new FlowTable();
    read(table, 0, [{ n: 1 }]);
    const row = rowOf(table, 1);
    assert.equal(cache.supports(table, row), true);
    cache.deny(table, row, 1, REFUSAL);
    assert.equal(cache.supports(table, row), false);
    read(table, 1, [{ n: 1, actions: outputTo('vm2') }]);
    assert.equal(cache.supports(table, row), true);
    cache.deny(table, row, 1, REFUSAL);
    assert.equal(cache.supports(table, row), true, 'the refusal was of the previous version');
    assert.equal(cache.refusalOf(row), undefined);
  });
});
