import assert from 'node:assert/strict';
import { Verification } from '../../../engine/loop/verification.ts';

const LEASE_MS = 1_000;

function audited(): Verification {
  const verification = new Verification(LEASE_MS);
  verification.markAudited();
  return verification;
}

/** The cause for which a renewal is withheld at `nowMs`, or the time of its verification. */
function basis(verification: Verification, nowMs: number): string | number {
  const result = verification.basis(nowMs);
  return result.renew ? result.verifiedAtMs : result.cause;
}

describe('verification', () => {
  it('is needed before the first renewal', () => {
    assert.equal(basis(new Verification(LEASE_MS), 0), 'not-audited');
    const unknown = new Verification(LEASE_MS);
    unknown.recordComparison(10, 0);
    assert.equal(basis(unknown, 10), 'not-audited');
  });

  it('counts from when the flows were asked for, and only for the duration of a lease', () => {
    const verification = audited();
    verification.recordComparison(10, 0);
    assert.equal(basis(verification, 500), 10);
    assert.equal(basis(verification, 10 + LEASE_MS - 1), 10);
    assert.equal(basis(verification, 10 + LEASE_MS), 'no-sight');
  });

  it('never goes back', () => {
    const verification = audited();
    verification.recordComparison(500, 0);
    verification.recordComparison(400, 0);
    assert.equal(verification.verifiedAtMs, 500);
  });

  it('does not take place while deletes are pending', () => {
    const verification = audited();
    verification.recordComparison(10, 0);
    verification.recordComparison(900, 1);
    assert.equal(verification.verifiedAtMs, 10);
    assert.equal(basis(verification, 1_100), 'pending-deletes');
    verification.recordComparison(1_200, 0);
    assert.equal(basis(verification, 1_200), 1_200);
  });

  it('needs another audit after a failure', () => {
    const verification = audited();
    verification.recordComparison(10, 0);
    verification.markUnknown();
    verification.recordComparison(900, 0);
    assert.equal(basis(verification, 1_100), 'not-audited');
  });

  it('withholds renewals until the entries of the last changed ports are removed', () => {
    const verification = audited();
    verification.recordComparison(10, 0);
    const first = verification.announcePorts();
    assert.equal(basis(verification, 20), 'ports');
    const second = verification.announcePorts();
    first();
    assert.equal(basis(verification, 20), 'ports');
    verification.recordComparison(20, 0);
    assert.equal(verification.verifiedAtMs, 10);
    second();
    assert.equal(basis(verification, 20), 10);
  });

  it('withholds renewals until all entries are removed', () => {
    const verification = audited();
    verification.recordComparison(10, 0);
    verification.announceWithdrawal();
    verification.recordComparison(20, 0);
    assert.equal(basis(verification, 20), 'withdrawal');
    verification.recordWithdrawal();
    assert.equal(basis(verification, 20), 10);
  });
});
