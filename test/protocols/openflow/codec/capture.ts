import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../../../platform/package-root.ts';
import { Cleanup } from '../../../../lab/testbed/cleanup.ts';
import { exchanges10, exchanges13 } from './commands.ts';
import type { Exchange } from './exchange.ts';
import { startRecorded } from './recorded-switch.ts';

/** Longer exchanges are left out of the fixtures, bytes. */
const LONGEST = 8 * 1024;

/**
 * Makes test/protocols/openflow/fixtures/*.json anew (as root, with Open vSwitch):
 *
 *     node --import tsx test/protocols/openflow/codec/capture.ts
 */
async function capture(): Promise<void> {
  const cleanup = new Cleanup();
  try {
    const { recorder, directory } = await startRecorded(cleanup);
    await save('ovs-openflow13.json', await exchanges13(recorder, directory));
    await save('ovs-openflow10.json', await exchanges10(recorder));
  } finally {
    await cleanup.run();
  }
}

async function save(name: string, exchanges: readonly Exchange[]): Promise<void> {
  const [version] = execFileSync('ovs-ofctl', ['--version']).toString().split('\n');
  const kept = exchanges.map(({ command, messages }) => ({
    command: `ovs-ofctl ${command}`,
    messages: messages.map(({ from, bytes }) => `${from} ${Buffer.from(bytes).toString('hex')}`),
  }));
  const short = kept.filter((e) => e.messages.join('').length <= 2 * LONGEST);
  const made = 'node --import tsx test/protocols/openflow/codec/capture.ts';
  const text = `${JSON.stringify({ made, version, exchanges: short }, undefined, 1)}\n`;
  await writeFile(join(packageRoot(), 'test/protocols/openflow/fixtures', name), text);
}

await capture();
