import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const HEADING = /^\S.*\(xid=0x([0-9a-f]+)\)/;

/**
 * What `ovs-ofctl ofp-parse` says of messages, which it reads one behind the other, so that one
 * process does for all. Each needs an xid of its own, under which the answer holds its text.
 */
export async function ofpParse(messages: readonly Uint8Array[]): Promise<Map<number, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'nkofp-'));
  try {
    const file = join(directory, 'messages');
    await writeFile(file, Buffer.concat(messages));
    const { stdout, stderr } = await promisify(execFile)('ovs-ofctl', ['ofp-parse', file], {
      timeout: 10_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    assert.doesNotMatch(stderr, /\|(WARN|ERR|EMER)\|/);
    return byXid(stdout);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function byXid(text: string): Map<number, string> {
  const said = new Map<number, string>();
  let xid = -1;
  for (const line of text.split('\n')) {
    const heading = HEADING.exec(line);
    if (heading !== null) xid = Number.parseInt(heading[1], 16);
    said.set(xid, `${said.get(xid) ?? ''}${line}\n`);
  }
  return said;
}
