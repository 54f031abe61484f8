import assert from 'node:assert/strict';
import type { Message } from '../../../../protocols/openflow/codec/messages.ts';
import { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { needs } from '../../../support/needs.ts';
import { exchanges10, exchanges13 } from './commands.ts';
import type { Exchange, Recorder } from './exchange.ts';
import { startRecorded } from './recorded-switch.ts';
import { sameBytes } from './same-bytes.ts';

/** What a message is, down to the statistics it is about. */
function kindOf(message: Message): string {
  const body = message.type === 'multipart-reply' || message.type === 'multipart-request';
  return body ? `${message.type} ${message.body.kind}` : message.type;
}

function kindsOf(exchanges: readonly Exchange[]): Set<string> {
  const kinds = new Set<string>();
  for (const { command, messages } of exchanges) {
    assert.ok(messages.length > 0, command);
    for (const { bytes } of messages) kinds.add(kindOf(sameBytes(bytes).message));
  }
  return kinds;
}

/** Checks that the messages were among them, statistics both ways. */
function contains(
  kinds: ReadonlySet<string>,
  messages: readonly string[],
  statistics: readonly string[],
): void {
  const wanted = statistics.flatMap((s) => [`multipart-request ${s}`, `multipart-reply ${s}`]);
  assert.deepEqual(
    [...messages, ...wanted].filter((kind) => !kinds.has(kind)),
    [],
  );
}

const BOTH = [
  'hello',
  'features-request',
  'features-reply',
  'get-config-request',
  'get-config-reply',
  'barrier-request',
  'barrier-reply',
  'flow-mod',
  'packet-out',
  'port-mod',
  'experimenter',
] as const;
const STATISTICS = [
  'desc',
  'flow',
  'aggregate',
  'table',
  'port-stats',
  'port-desc',
  'flow-monitor',
] as const;

describe('openflow codec: what ovs-ofctl and ovs-vswitchd send to each other', function () {
  this.timeout(60_000);
  const cleanup = new Cleanup();
  let recorder: Recorder;
  let directory: string;

  before(async function () {
    needs(this, 'root', 'ovs', 'netns');
    ({ recorder, directory } = await startRecorded(cleanup));
  });

  after(() => cleanup.run());

  it('over OpenFlow 1.3: the same bytes when encoded again', async () => {
    const kinds = kindsOf(await exchanges13(recorder, directory));
    const meters = ['meter', 'meter-config', 'meter-features'];
    contains(
      kinds,
      [...BOTH, 'meter-mod', 'bundle-control', 'bundle-add'],
      [...STATISTICS, ...meters],
    );
    // Group-mod and table features, which are kept as bytes.
    contains(kinds, ['unknown'], ['unknown']);
  });

  it('over OpenFlow 1.0: the same bytes when encoded again', async () => {
    const kinds = kindsOf(await exchanges10(recorder));
    const messages = [...BOTH, 'nx-set-flow-format', 'nx-flow-mod-table-id'];
    contains(kinds, messages, [...STATISTICS, 'nx-flow', 'nx-aggregate']);
  });
});
