import assert from 'node:assert/strict';
import type { BackendOperation } from '../../../engine/loop/tick-report.ts';
import { Placement, type PlacementName, RequestedPlacement } from '../../../engine/model/flow.ts';
import type { ReasonCode } from '../../../engine/model/reason.ts';
import type { TickAccounts } from '../../../telemetry/accounts/tick-accounts.ts';
import { flowId, rowOf } from '../../support/flows.ts';
import { Rig } from './rig.ts';

describe('accounts of decisions', () => {
  function moved(accounts: TickAccounts, from: PlacementName, to: string): number | undefined {
    return accounts.moves.find((m) => m.from === from && m.to === to)?.count;
  }

  function ofCause(accounts: TickAccounts, cause: string): number | undefined {
    return accounts.causes.find((c) => c.cause === cause)?.count;
  }

  function forReason(accounts: TickAccounts, reason: string) {
    const { flows, moves } = accounts.reasons.find((r) => r.reason === reason) ?? {};
    return { flows, moves };
  }

  it('have every count at zero from the start', () => {
    const accounts = new Rig().account();
    assert.ok(accounts.moves.length > 5 && accounts.moves.every((m) => m.count === 0));
    assert.deepEqual(
      accounts.rules.map((r) => [r.rule, r.to, r.moves]),
      [
        ['p/up', 'offload', 0],
        ['p/down', 'onload', 0],
      ],
    );
    assert.deepEqual(forReason(accounts, 'gone'), { flows: 0, moves: 0 });
  });

  it('count changes of placement by rule, reason and cause, displacements included', () => {
    const rig = new Rig();
    rig.read(0, [{ n: 1 }, { n: 2 }]);
    rig.account();
    rig.read(1000, [{ n: 1 }, { n: 2 }]);
    rig.decide(1, Placement.offload, 1, 'placed');
    rig.decide(2, Placement.offload, 1, 'placed');
    rig.table.carried(rowOf(rig.table, 1), 5, 500, 1000);
    let accounts = rig.account();
    assert.equal(moved(accounts, 'onload', 'offload'), 2);
    assert.deepEqual(forReason(accounts, 'placed'), { flows: 1, moves: 2 });
    assert.deepEqual(forReason(accounts, 'unused'), { flows: 1, moves: 0 });
    assert.deepEqual([accounts.rules[0].moves, accounts.rules[0].flows], [2, 2]);
    rig.decide(1, Placement.onload, 2, 'rule-onload');
    // Another flow got its entry; its rule still requests one.
    rig.decide(2, Placement.onload, 1, 'table-full', 'displacement');
    accounts = rig.account();
    assert.equal(moved(accounts, 'offload', 'onload'), 2);
    assert.deepEqual(
      accounts.rules.map((r) => r.moves),
      [2, 1],
    );
    assert.deepEqual(forReason(accounts, 'table-full'), { flows: 1, moves: 1 });
    assert.deepEqual([ofCause(accounts, 'policy'), ofCause(accounts, 'displacement')], [3, 1]);
  });

  it('count by reason only the flows that request an entry and have none', () => {
    const rig = new Rig();
    const codes: readonly ReasonCode[] = [
      'table-full',
      'slice-maximum',
      'slice-share',
      'port-bandwidth',
      'fast-path-capacity',
      'below-threshold',
      'small-gain',
    ];
    const flows = Array.from({ length: codes.length + 4 }, (_, n) => ({ n }));
    rig.read(0, flows);
    const { requested } = rig.table.decision;
    codes.forEach((code, n) => {
      rig.decide(n, Placement.onload, 1, code);
      requested[rowOf(rig.table, n)] =
        code === 'fast-path-capacity' ? RequestedPlacement.fastPath : RequestedPlacement.offload;
    });
    const [has, isMoved, wantsBack, unasked] = flows.slice(codes.length);
    rig.decide(has.n, Placement.offload, 1, 'budget');
    requested[rowOf(rig.table, has.n)] = RequestedPlacement.offload;
    rig.decide(isMoved.n, Placement.offload, 1, 'min-hold');
    requested[rowOf(rig.table, isMoved.n)] = RequestedPlacement.fastPath;
    rig.decide(wantsBack.n, Placement.onload, 2, 'rule-onload');
    requested[rowOf(rig.table, wantsBack.n)] = RequestedPlacement.slowPath;
    // Its entry went to another flow, and no rule requests one for it.
    rig.decide(unasked.n, Placement.onload, 0, 'table-full');
    const waiting = rig.account().reasons.filter((r) => r.waiting > 0);
    assert.deepEqual(
      new Map(waiting.map((r) => [r.reason, r.waiting])),
      new Map(codes.map((code) => [code, 1])),
    );
    rig.read(1000, []);
    assert.ok(rig.account().reasons.every((r) => r.waiting === 0));
  });

  it('count a placed flow that left the vSwitch once, and do not count one without an entry', () => {
    const rig = new Rig();
    rig.read(0, [{ n: 1 }, { n: 2 }]);
    rig.decide(1, Placement.fastPath, 1, 'placed');
    rig.account();
    rig.read(1000, []);
    rig.leave(1);
    rig.account();
    const accounts = rig.account();
    assert.equal(moved(accounts, 'fast-path', 'gone'), 1);
    assert.equal(ofCause(accounts, 'gone'), 1);
    assert.equal(forReason(accounts, 'gone').moves, 1);
  });

  it('keep the counts of rules that remain after a policy change, and drop the others', () => {
    const rig = new Rig({ maxNamed: 2 });
    rig.read(0, [{ n: 1 }]);
    rig.account();
    rig.decide(1, Placement.offload, 1, 'placed');
    rig.account();
    rig.rules = [
      { name: 'p/new', requested: RequestedPlacement.fastPath, priority: 3 },
      { name: 'p/shadow', requested: RequestedPlacement.offload, priority: 3, mode: 'shadow' },
      { name: 'p/up', requested: RequestedPlacement.offload, priority: 2 },
      { name: 'p/third', requested: RequestedPlacement.offload, priority: 2 },
    ];
    const { rules } = rig.account();
    assert.deepEqual(
      rules.map((r) => [r.rule, r.moves]),
      [
        ['p/new', 0],
        ['p/up', 1],
        ['other', 0],
      ],
    );
  });

  it('count operations and refusals by backend, code and rule', () => {
    const rig = new Rig();
    rig.read(0, [{ n: 1 }]);
    rig.decide(1, Placement.onload, 1, 'refused');
    const put = (result: BackendOperation['result']): BackendOperation => ({
      id: flowId(1),
      row: rowOf(rig.table, 1),
      kind: 'put',
      backend: 'nic',
      result,
    });
    const refusal = { code: 'probe-depth', detail: 'no place' } as const;
    const { operations, refusals, rules } = rig.account([
      put({ ok: false, refusal }),
      put({ ok: true, outcome: 'installed' }),
      put({ ok: false, refusal }),
    ]);
    assert.deepEqual(
      operations.filter((o) => o.count > 0).map((o) => [o.outcome, o.count]),
      [
        ['installed', 1],
        ['probe-depth', 2],
      ],
    );
    assert.deepEqual(
      refusals.filter((r) => r.count > 0),
      [{ backend: 'nic', code: 'probe-depth', count: 2 }],
    );
    assert.equal(rules[0].refusals, 2);
  });

  it('record the time from the first reading to the first entry once per flow', () => {
    const rig = new Rig();
    rig.read(0, []);
    rig.account();
    rig.read(1000, [{ n: 1 }]);
    rig.account();
    rig.read(1400, [{ n: 1 }]);
    rig.decide(1, Placement.offload, 1, 'placed');
    rig.account([], 20);
    rig.decide(1, Placement.onload, 2, 'rule-onload');
    rig.account();
    rig.decide(1, Placement.offload, 1, 'placed');
    const { reactions } = rig.account();
    assert.equal(reactions.count, 1);
    assert.equal(reactions.sumSeconds, 0.42);
    const atMost = new Map(reactions.boundsSeconds.map((b, i) => [b, reactions.counts[i]]));
    assert.deepEqual([atMost.get(0.25), atMost.get(0.5), atMost.get(60)], [0, 1, 1]);
  });
});
