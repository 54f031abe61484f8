import assert from 'node:assert/strict';
import {
  ENCAPSULATION,
  KIND_802_1AD,
  KIND_TUNNELLED,
  METER_CONTROL,
  METER_ENDPOINT,
  METER_KEY,
  METER_LAYOUT_VERSION,
  METER_PACE,
  METER_PORT,
  METER_RECORD,
  METER_TUNNEL,
  METER_TUNNEL_KEY,
  TAG_PRESENT,
  TUNNEL_CHECKSUM,
  TUNNEL_DF,
  TUNNEL_METADATA,
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
    const { hasEndpoints, ...port } = METER_PORT;
    const result = compile([
      `sizeof(struct meter_key) == ${METER_KEY.bytes}`,
      `sizeof(struct meter_record) == ${METER_RECORD.bytes}`,
      `sizeof(struct meter_port) == ${METER_PORT.bytes}`,
      `sizeof(struct meter_endpoint) == ${METER_ENDPOINT.bytes}`,
      `sizeof(struct meter_tunnel_key) == ${METER_TUNNEL_KEY.bytes}`,
      `sizeof(struct meter_tunnel) == ${METER_TUNNEL.bytes}`,
      ...offsets('meter_key', METER_KEY),
      ...offsets('meter_record', record),
      ...offsets('meter_port', port),
      ...offsets('meter_endpoint', METER_ENDPOINT),
      ...offsets('meter_tunnel_key', METER_TUNNEL_KEY),
      ...offsets('meter_tunnel', METER_TUNNEL),
      `offsetof(struct meter_record, bytes) == ${octets}`,
      `sizeof(struct meter_pace) == ${METER_PACE.bytes}`,
      ...offsets('meter_pace', METER_PACE),
      `(1 << WINDOW_SHIFT) == ${WINDOW_MS * 1e6}`,
      `METER_BUSY_PACKETS == ${METER_CONTROL.busyPackets}`,
      `PORT_HAS_ENDPOINTS == ${hasEndpoints}`,
      `TUNNEL_GENEVE == ${ENCAPSULATION.geneve}`,
      `TUNNEL_VXLAN == ${ENCAPSULATION.vxlan}`,
      `TUNNEL_DF == ${TUNNEL_DF}`,
      `TUNNEL_METADATA == ${TUNNEL_METADATA}`,
      `TUNNEL_CHECKSUM == ${TUNNEL_CHECKSUM}`,
      `KIND_TUNNELLED == ${KIND_TUNNELLED}`,
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
