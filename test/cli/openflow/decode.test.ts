import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { openflowBytes } from '../../../cli/openflow/openflow-bytes.ts';
import { messagesIn } from '../../../cli/openflow/message-stream.ts';
import { runProgram } from '../../../cli/program.ts';
import { encode } from '../../../protocols/openflow/codec/encode.ts';
import type { Message } from '../../../protocols/openflow/codec/messages.ts';
import { anyMessage } from '../../protocols/openflow/codec/arbitrary-messages.ts';
import { field, flowMod, oxm } from '../../protocols/openflow/codec/examples.ts';
import { ownProgram } from '../../support/own-program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { TestTerminal } from '../../support/test-terminal.ts';

const BARRIER = encode({ type: 'barrier-request', xid: 3 }, 4);
const PORT_80 = field('tcp_dst', '0050');
const BAD_MATCH = encode(flowMod({ xid: 0x11, cookie: 0xc0ffeen, match: oxm(PORT_80) }), 4);

describe('norikae openflow decode', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let stdout: TestTerminal;
  let stderr: TestTerminal;

  beforeEach(() => {
    folder = temporaryFolder();
    stdout = new TestTerminal();
    stderr = new TestTerminal();
  });

  afterEach(() => folder.remove());

  /** Decodes a file with `content`; resolves to the exit code. */
  function decode(content: Uint8Array | string, ...options: string[]): Promise<number> {
    const file = join(folder.path, 'input');
    writeFileSync(file, content);
    return run('openflow', 'decode', file, ...options);
  }

  function run(...argv: string[]): Promise<number> {
    return runProgram(
      {
        stdout,
        stderr,
        env: {},
        loadDaemon: () => Promise.reject(new Error('this test runs no daemon')),
        exit: () => {},
        now: () => performance.now(),
      },
      argv,
    );
  }

  it('prints each message on a line, with offset, version and names', async () => {
    const hello = encode({ type: 'hello', xid: 1, versions: [1], other: new Uint8Array() }, 1);
    assert.equal(await decode(Buffer.concat([BARRIER, hello])), 0);
    assert.match(stdout.text, /^ {5}0 {2}1\.3 {2}barrier-request xid=0x3\n {5}8 {2}1\.0 {2}hello /);
  });

  it('reads hexadecimal digits in common notations', async () => {
    assert.equal(await decode('# a barrier\n04:14:00:08 0x00 00,00-03\n0414\n0008000000FF\n'), 0);
    assert.deepEqual(stdout.text.trim().split('\n'), [
      '0  1.3  barrier-request xid=0x3',
      '     8  1.3  barrier-request xid=0xff',
    ]);
  });

  it('names the flags of a flow-mod, and shows unknown flags as a number', async () => {
    const flags = (set: number) => encode(flowMod({ flags: set, match: oxm() }), 4);
    assert.equal(await decode(Buffer.concat([flags(0x111), flags(0), flags(2)])), 0);
    assert.match(
      stdout.text,
      / flags=sendFlowRemoved\|noByteCounts\|0x100 .*\n.* flags=0x0 .*\n.* flags=checkOverlap /,
    );
  });

  it('reports what a switch would refuse in a match, also within a bundle', async () => {
    const inBundle: Message = {
      type: 'bundle-add',
      xid: 0x11,
      bundle: 1,
      flags: 0,
      message: flowMod({ xid: 0x11, match: oxm(PORT_80) }),
      properties: new Uint8Array(),
    };
    assert.equal(await decode(Buffer.concat([BAD_MATCH, encode(inBundle, 4), BARRIER])), 1);
    const why = 'a switch would refuse the match: tcp_dst needs eth_type 2048 or 34525, ip_proto 6';
    assert.equal(stdout.text.split(why).length - 1, 2);
    assert.match(stderr.text, /a match that a switch would refuse: 2/);
  });

  it('skips a message that it cannot decode, and reports its offset', async () => {
    const broken = Uint8Array.from(BAD_MATCH);
    broken[50] = 0xff;
    assert.equal(await decode(Buffer.concat([BARRIER, broken, BARRIER])), 1);
    const lines = stdout.text.trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[1], /^ {5}8 {2}error: OpenFlow message, byte \d+: expected /);
    assert.match(lines[2], new RegExp(`^ +${8 + broken.length} {2}1\\.3 {2}barrier-request`));
    assert.match(stderr.text, /not decoded: 1/);
  });

  it('stops at an invalid header, after the messages before it', async () => {
    assert.equal(await decode(Buffer.concat([BARRIER, BARRIER, Buffer.from('GET / HTTP/1.1')])), 1);
    assert.match(stdout.text, / 8 {2}1\.3 .*\n +16 {2}error: \w+ is not an OpenFlow header: /);
  });

  it('reports input that ends within a message', async () => {
    assert.equal(await decode(Buffer.concat([BARRIER, BARRIER.subarray(0, 5)])), 1);
    assert.match(stdout.text, / 8 {2}error: the input ends 5 bytes into a message/);
  });

  it('reports the position of text that is not hexadecimal', async () => {
    assert.equal(await decode('0414 0008\n0000 00g3\n'), 1);
    assert.match(stderr.text, /line 2, column 8: "g" is neither a hexadecimal digit/);
    assert.equal(await decode('0414000800000003 4'), 1);
    assert.match(stderr.text, /line 1, column 18: the last byte has only one digit/);
    assert.equal(await decode('041 4'), 1);
    assert.match(stderr.text, /line 1, column 4: a byte has only one digit/);
    assert.equal(await decode(Uint8Array.of(0xff, 0)), 1);
    assert.match(stderr.text, /line 1, column 1: the byte 0xff is neither/);
  });

  it('exits 2 for a missing file and for empty input', async () => {
    assert.equal(await run('openflow', 'decode', join(folder.path, 'missing')), 2);
    assert.match(stderr.text, /missing cannot be read: ENOENT/);
    assert.equal(await decode('# nothing\n'), 2);
    assert.match(stderr.text, /the input is empty; see --help/);
  });

  it('prints one JSON object per line', async () => {
    assert.equal(await decode(Buffer.concat([BAD_MATCH, BARRIER.subarray(0, 4)]), '--json'), 1);
    const [mod, end]: unknown[] = stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(end, {
      offset: BAD_MATCH.length,
      error: 'the input ends 4 bytes into a message',
    });
    assert.ok(typeof mod === 'object' && mod !== null && 'message' in mod && 'objection' in mod);
    assert.match(String(mod.objection), /^tcp_dst needs/);
    const { message } = mod;
    assert.ok(typeof message === 'object' && message !== null && 'match' in message);
    assert.ok('cookie' in message);
    assert.equal(message.cookie, String(0xc0ffee));
    assert.deepEqual(message.match, {
      kind: 'oxm',
      fields: [{ kind: 'field', name: 'tcp_dst', value: '0050' }],
    });
  });

  it('reads standard input', () => {
    const args = [...ownProgram('cli/main'), 'openflow', 'decode'];
    const { stdout: text, status } = spawnSync(process.execPath, args, { input: BARRIER });
    assert.equal(text.toString(), '     0  1.3  barrier-request xid=0x3\n');
    assert.equal(status, 0);
  });

  it('finds every message of any stream, in bytes or digits, however chunked', async () => {
    const stream = fc.array(anyMessage(4), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        stream,
        fc.boolean(),
        fc.integer({ min: 1, max: 50 }),
        async (all, hex, size) => {
          const encoded = all.map((message) => encode(message, 4));
          const bytes = Buffer.concat(encoded);
          const input = hex ? Buffer.from(bytes.toString('hex')) : bytes;
          const offsets: number[] = [];
          for await (const found of messagesIn(openflowBytes(cut(input, size)))) {
            assert.ok(!('error' in found), JSON.stringify(found, bigints));
            offsets.push(found.offset);
          }
          let at = 0;
          assert.deepEqual(
            offsets,
            encoded.map(({ length }) => (at += length) - length),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
