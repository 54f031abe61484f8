import type { RefusalCode } from '../../../engine/model/refusal.ts';
import type { OperationResult } from '../../../engine/ports/offload-backend.ts';

export const INSTALLED: OperationResult = { ok: true, outcome: 'installed' };
export const REPLACED: OperationResult = { ok: true, outcome: 'replaced' };
export const UNCHANGED: OperationResult = { ok: true, outcome: 'unchanged' };
export const DELETED: OperationResult = { ok: true, outcome: 'deleted' };
export const ABSENT: OperationResult = { ok: true, outcome: 'absent' };

/** The result of an operation that was not executed. */
export function refused(code: RefusalCode, detail: string): OperationResult {
  return { ok: false, refusal: { code, detail } };
}

/** The result of an operation on an entry that the kernel did not delete. */
export function notDeleted(errno: string): OperationResult {
  const detail = `the kernel did not delete the entry: ${errno}; the next operation retries`;
  return refused('device-error', detail);
}
