import { ERRORS10, ERRORS13 } from './error-names.ts';
import {
  type ErrorName,
  NICIRA_ERRORS10,
  NICIRA_ERRORS13,
  NICIRA_GROUP_TYPE,
  ONF_ERRORS13,
} from './extension-errors.ts';
import { Experimenter } from './ids.ts';
import type { ErrorMessage } from './session.ts';
import { OF10 } from './version.ts';

/** Type of 1.3's group errors, whose codes Nicira's errors on 1.0 reuse. */
const GROUP_MOD_FAILED13 = 6;

type Numbers = Pick<ErrorMessage, 'errorType' | 'code' | 'experimenter'>;

/**
 * The specification's (or the extension's) names of an error, without prefixes such as OFPET_:
 * `FLOW_MOD_FAILED`, `TABLE_FULL`. Both versions use the same name for the same error. Without a
 * name, the number: `type 77`, `code 5`.
 */
export function nameError(error: Numbers, version: number): ErrorName {
  if (error.experimenter === 0) return standardName(error, version);
  const row = extensionRow(error, version);
  if (row !== undefined) return { type: row[0], code: row[1] };
  const whose = `experimenter 0x${error.experimenter.toString(16)}`;
  return { type: `${whose} type ${error.errorType}`, code: `code ${error.code}` };
}

function standardName(error: Numbers, version: number): ErrorName {
  const type = (version === OF10 ? ERRORS10 : ERRORS13)[error.errorType];
  return {
    type: type?.name ?? `type ${error.errorType}`,
    code: type?.codes[error.code] ?? `code ${error.code}`,
  };
}

function extensionRow(error: Numbers, version: number): readonly [string, string] | undefined {
  const { errorType, code, experimenter } = error;
  if (version !== OF10) {
    if (experimenter === Experimenter.onf) return ONF_ERRORS13.get(code);
    return experimenter === Experimenter.nicira ? NICIRA_ERRORS13.get(code) : undefined;
  }
  if (experimenter !== Experimenter.nicira) return undefined;
  if (errorType === NICIRA_GROUP_TYPE) {
    const group = ERRORS13[GROUP_MOD_FAILED13];
    const name = group.codes[code];
    return name === undefined ? undefined : [group.name, name];
  }
  return NICIRA_ERRORS10.get(((errorType << 16) | code) >>> 0);
}
