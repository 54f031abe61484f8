import type { Refusal, RefusalCode } from '../../../engine/model/refusal.ts';

/** A flow cannot be expressed in the switch's dialect. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable';
  readonly refusal: Refusal;

  constructor(code: RefusalCode, detail: string) {
    super(detail);
    this.refusal = { code, detail };
  }
}

/** Version for display. */
export function versionName(version: 1 | 4): string {
  return version === 1 ? 'OpenFlow 1.0' : 'OpenFlow 1.3';
}
