import assert from 'node:assert/strict';
import { decode } from '../../../../protocols/openflow/codec/decode.ts';
import { encode } from '../../../../protocols/openflow/codec/encode.ts';
import type { Decoded } from '../../../../protocols/openflow/codec/messages.ts';
import { printMessage } from '../../../../protocols/openflow/codec/print.ts';
import { isVersion, OF13 } from '../../../../protocols/openflow/codec/version.ts';

/** Decodes a message and checks that encoding it gives the same bytes. */
export function sameBytes(bytes: Uint8Array): Decoded {
  const decoded = decode(bytes);
  const { version, message } = decoded;
  const again = encode(message, isVersion(version) ? version : OF13);
  // A hello names the newest version of its sender, which may be one that is not spoken here.
  if (message.type === 'hello') again[0] = version;
  assert.equal(hex(again), hex(bytes), printMessage(message, version));
  return decoded;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
