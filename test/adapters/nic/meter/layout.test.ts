import assert from 'node:assert/strict';
import {
  KIND_802_1AD,
  METER_CONTROL,
  METER_KEY,
  METER_LAYOUT_VERSION,
  METER_PACE,
  METER_PORT_BYTES,
  METER_RECORD,
  TAG_PRESENT,
  WINDOW_MS,
} from '../../../../adapters/nic/meter/records.ts';
import { needs } from '../../../support/needs.ts';
import { compile as compileWith, offsets } from '../support/c-layout.ts';

const compile = (assertions: readonly string[]) =>
  compileWith('adapters/nic/meter/bpf/records.h', assertions);

describe('layout of the meter', () => {
  before(function () {
    needs(this, 'xdp');
  });

  it('is the same in C and in TypeScript', function () {
    this.timeout(20_000);
    const { octets, ...record } = METER_RECORD;
    const result = compile([
      `sizeof(struct meter_key) == ${METER_KEY.bytes}`,
      `sizeof(struct meter_record) == ${METER_RECORD.bytes}`,
      `sizeof(struct meter_port) == ${METER_PORT_BYTES}`,
      ...offsets('meter_key', METER_KEY),
      ...offsets('meter_record', record),
      `offsetof(struct meter_record, bytes) == ${octets}`,
      `sizeof(struct meter_pace) == ${METER_PACE.bytes}`,
      ...offsets('meter_pace', METER_PACE),
      `(1 << WINDOW_SHIFT) == ${WINDOW_MS * 1e6}`,
      `METER_BUSY_PACKETS == ${METER_CONTROL.busyPackets}`,
      `KIND_802_1AD == ${KIND_802_1AD}`,
      `TAG_PRESENT == ${TAG_PRESENT}`,
      `METER_UNTIL_NS == ${METER_CONTROL.untilNs}`,
      `METER_VERSION == ${METER_CONTROL.version}`,
      `METER_SAMPLING == ${METER_CONTROL.sampling}`,
      `METER_WORDS == ${METER_CONTROL.words}`,
      `METER_LAYOUT_VERSION == ${METER_LAYOUT_VERSION}`,
    ]);
    assert.equal(result.status, 0, result.stderr);
  });

  it('is really compared', function () {
    this.timeout(20_000);
    assert.notEqual(compile(['sizeof(struct meter_key) == 47']).status, 0);
  });
});
