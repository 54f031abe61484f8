import assert from 'node:assert/strict';
import { ERRORS10, ERRORS13 } from '../../../../protocols/openflow/codec/error-names.ts';
import {
  NICIRA_ERRORS10,
  NICIRA_ERRORS13,
  ONF_ERRORS13,
} from '../../../../protocols/openflow/codec/extension-errors.ts';
import { Experimenter } from '../../../../protocols/openflow/codec/ids.ts';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import { nameError } from '../../../../protocols/openflow/codec/name-error.ts';
import type { ErrorMessage } from '../../../../protocols/openflow/codec/session.ts';
import { OF10, OF13, type Version } from '../../../../protocols/openflow/codec/version.ts';
import { needs } from '../../../support/needs.ts';
import { NOTHING } from './examples.ts';
import { ofpParse } from './ofp-parse.ts';

/** OVS has newer words for some of the specifications'. */
const OTHER_WORDS: Readonly<Record<string, readonly string[]>> = {
  BAD_EXPERIMENTER: ['BAD_VENDOR'],
  BAD_EXP_TYPE: ['BAD_SUBTYPE', 'BAD_VENDOR_TYPE'],
  BAD_MULTIPART: ['BAD_STAT'],
  IS_SLAVE: ['IS_SECONDARY'],
  // Of the table features, which 1.4 made errors of properties in general.
  BAD_ARGUMENT: ['BAD_VALUE'],
};

/** The abbreviations of OVS's and the specification's names of codes, by type of error. */
const PREFIX: Readonly<Record<string, string>> = {
  HELLO_FAILED: 'OFPHFC',
  BAD_REQUEST: 'OFPBRC|NXBRC',
  BAD_ACTION: 'OFPBAC|NXBAC',
  BAD_INSTRUCTION: 'OFPBIC',
  BAD_MATCH: 'OFPBMC|NXBMC',
  FLOW_MOD_FAILED: 'OFPFMFC|NXFMFC',
  GROUP_MOD_FAILED: 'OFPGMFC',
  PORT_MOD_FAILED: 'OFPPMFC',
  TABLE_MOD_FAILED: 'OFPTMFC',
  QUEUE_OP_FAILED: 'OFPQOFC',
  SWITCH_CONFIG_FAILED: 'OFPSCFC',
  ROLE_REQUEST_FAILED: 'OFPRRFC',
  METER_MOD_FAILED: 'OFPMMFC',
  TABLE_FEATURES_FAILED: 'OFPTFFC|OFPBPC|NXTFFC',
  BAD_PROPERTY: 'OFPBPC',
  ASYNC_CONFIG_FAILED: 'OFPACFC',
  BUNDLE_FAILED: 'OFPBFC',
  FLOW_MONITOR_FAILED: 'OFPMOFC',
  TLV_TABLE_MOD_FAILED: 'NXTTMFC',
  RESUME: 'NXR',
  STATS: 'NXST',
};

type Numbers = Pick<ErrorMessage, 'errorType' | 'code' | 'experimenter'>;

function standard(types: typeof ERRORS10): Numbers[] {
  return types.flatMap((type, errorType) =>
    type.codes.flatMap((name, code) =>
      name === undefined ? [] : [{ errorType, code, experimenter: 0 }],
    ),
  );
}

const group = ERRORS13[6].codes.map((_, code) => ({
  errorType: 6,
  code,
  experimenter: Experimenter.nicira,
}));

const ALL: readonly (readonly [Version, readonly Numbers[]])[] = [
  [
    OF10,
    [
      ...standard(ERRORS10),
      ...group,
      ...[...NICIRA_ERRORS10.keys()].map((key) => ({
        errorType: key >>> 16,
        code: key & 0xffff,
        experimenter: Experimenter.nicira,
      })),
    ],
  ],
  [
    OF13,
    [
      ...standard(ERRORS13),
      ...[...NICIRA_ERRORS13.keys()].map((code) => ({
        errorType: 0xffff,
        code,
        experimenter: Experimenter.nicira,
      })),
      ...[...ONF_ERRORS13.keys()].map((code) => ({
        errorType: 0xffff,
        code,
        experimenter: Experimenter.onf,
      })),
    ],
  ],
];

describe('openflow codec: errors, as ovs-ofctl names them', function () {
  this.timeout(20_000);
  before(function () {
    needs(this, 'ovs');
  });

  for (const [version, errors] of ALL) {
    it(`every error of wire version ${version}`, async () => {
      const said = await ofpParse(
        errors.map((e, xid) => encode({ type: 'error', xid, ...e, data: NOTHING }, version)),
      );
      for (const [xid, error] of errors.entries()) {
        const { type, code } = nameError(error, version);
        const words = [code, ...(OTHER_WORDS[code] ?? [])].join('|');
        assert.match(said.get(xid) ?? '', new RegExp(`: (${PREFIX[type]})_(${words})\n`), type);
      }
    });
  }

  it('numbers without a name stay readable', () => {
    const nobody = { errorType: 77, code: 5, experimenter: 0 };
    assert.deepEqual(nameError(nobody, OF13), { type: 'type 77', code: 'code 5' });
    const theirs = { errorType: 0xffff, code: 5, experimenter: 0xabc };
    assert.equal(nameError(theirs, OF13).type, 'experimenter 0xabc type 65535');
  });
});
