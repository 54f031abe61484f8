import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Framer } from '../../../../protocols/openflow/wire/framer.ts';
import { decode } from '../../../../protocols/openflow/codec/decode.ts';
import { encode, encodeInto } from '../../../../protocols/openflow/codec/encode.ts';
import type { Message } from '../../../../protocols/openflow/codec/messages.ts';
import { printMessage } from '../../../../protocols/openflow/codec/print.ts';
import { OF10, OF13, type Version } from '../../../../protocols/openflow/codec/version.ts';
import { Writer } from '../../../../protocols/openflow/wire/writer.ts';
import { anyMessage, MESSAGES } from './arbitrary-messages.ts';
import { REPLY_BODIES, REQUEST_BODIES } from './arbitrary-multipart.ts';
import { u32 } from './arbitrary-parts.ts';

const VERSIONS: readonly (readonly [Version, string])[] = [
  [OF10, '1.0'],
  [OF13, '1.3'],
];

function roundTrips(message: Message, version: Version): void {
  const bytes = encode(message, version);
  assert.deepEqual(decode(bytes), { version, message });
  assert.deepEqual(encode(decode(bytes).message, version), bytes);
  const line = printMessage(message, version);
  assert.ok(line.startsWith(message.type) && !/[\r\n]/.test(line), line);
}

describe('openflow codec: round trip', () => {
  for (const [version, name] of VERSIONS) {
    for (const [type, make] of Object.entries(MESSAGES)) {
      const arbitrary = make(version);
      if (arbitrary === undefined) continue;
      it(`OpenFlow ${name}: ${type}`, () => {
        fc.assert(fc.property(arbitrary, (m) => roundTrips(m, version)));
      });
    }
    for (const [kind, make] of Object.entries(REQUEST_BODIES)) {
      const body = make(version);
      if (body === undefined) continue;
      it(`OpenFlow ${name}: request of ${kind}`, () => {
        fc.assert(
          fc.property(u32, body, (xid, b) =>
            roundTrips({ type: 'multipart-request', xid, more: false, body: b }, version),
          ),
        );
      });
    }
    for (const [kind, make] of Object.entries(REPLY_BODIES)) {
      const body = make(version);
      if (body === undefined) continue;
      it(`OpenFlow ${name}: reply of ${kind}`, () => {
        fc.assert(
          fc.property(u32, body, (xid, b) =>
            roundTrips({ type: 'multipart-reply', xid, more: true, body: b }, version),
          ),
        );
      });
    }
  }

  it('many messages in one writer come out of the framer, however the stream is cut', () => {
    const streams = fc.record({
      messages: fc.array(anyMessage(OF13), { minLength: 1, maxLength: 8 }),
      cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(streams, ({ messages, cuts }) => {
        const w = new Writer(16);
        for (const m of messages) encodeInto(w, m, OF13);
        const stream = w.written();
        const at = cuts.map((c) => Math.floor(c * stream.length)).sort((a, b) => a - b);
        const framer = new Framer();
        const received: Message[] = [];
        for (const [i, from] of [0, ...at].entries()) {
          const chunk = stream.subarray(from, at[i] ?? stream.length);
          for (const bytes of framer.push(chunk)) received.push(decode(bytes).message);
        }
        assert.deepEqual(received, messages);
        assert.equal(framer.pending, 0);
      }),
    );
  });

  it('what a decoded message holds does not change with the buffer it came from', () => {
    const echo: Message = { type: 'echo-request', xid: 1, data: Uint8Array.of(1, 2, 3) };
    const buffer = encode(echo, OF13);
    const { message } = decode(buffer);
    buffer.fill(0);
    assert.deepEqual(message, echo);
  });
});
