import type { Refusal, RefusalCode } from '../../engine/model/refusal.ts';
import { Experimenter } from '../../protocols/openflow/codec/ids.ts';
import { OF13, type Version } from '../../protocols/openflow/codec/version.ts';
import type { SwitchError } from '../../protocols/openflow/connection/errors.ts';

/** An error type, with one code or with any. */
interface Row {
  readonly type: number;
  readonly code: number | undefined;
  readonly refusal: RefusalCode;
}

/** Errors that concern the flow (1.0.0, section 5.4.4; 1.3.5, section 7.4.1). */
const ROWS: Readonly<Record<Version, readonly Row[]>> = {
  1: [
    { type: 2, code: 4, refusal: 'port-unavailable' },
    { type: 2, code: undefined, refusal: 'unsupported-action' },
    { type: 3, code: 0, refusal: 'table-full' },
    { type: 3, code: 5, refusal: 'unsupported-action' },
  ],
  4: [
    { type: 2, code: 4, refusal: 'port-unavailable' },
    { type: 2, code: undefined, refusal: 'unsupported-action' },
    { type: 3, code: undefined, refusal: 'unsupported-action' },
    { type: 4, code: undefined, refusal: 'unsupported-match' },
    { type: 5, code: 1, refusal: 'table-full' },
  ],
};

/** NXBRC_NXM_INVALID and the five that follow (Nicira's errors on 1.0, type OFPET_BAD_REQUEST). */
const NXM_ERRORS = { type: 1, from: 0x100, to: 0x105 };

/** The refusal of a flow that a switch's error to its flow-mod means. */
export function refusalOf(error: SwitchError, version: Version): Refusal {
  const { errorType, code, experimenter } = error.identity;
  const detail = error.message;
  if (experimenter === Experimenter.nicira && version !== OF13) {
    const match = errorType === NXM_ERRORS.type && code >= NXM_ERRORS.from && code <= NXM_ERRORS.to;
    return { code: match ? 'unsupported-match' : 'device-error', detail };
  }
  const row =
    experimenter === 0
      ? ROWS[version].find((r) => r.type === errorType && (r.code ?? code) === code)
      : undefined;
  return { code: row?.refusal ?? 'device-error', detail };
}
