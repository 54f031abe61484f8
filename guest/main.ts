#!/usr/bin/env node
// norikae-guest: the agent in a guest, which carries out what Norikae on the host requests.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { errorMessage } from '../text/error-message.ts';
import type { HostConnection } from './channel/connection.ts';
import { PortConnection } from './channel/port.ts';
import { portPath } from './channel/port-path.ts';
import { StdioConnection } from './channel/stdio.ts';
import { SysfsDevices } from './machine/devices.ts';
import { RunningAgent } from './run-agent.ts';
import { clean } from './tc/clean.ts';
import { TcProgram } from './tc/tc-program.ts';

const DEFAULT_PORT = 'org.norikae.0';
const CLEAN_MS = 10_000;

const USAGE = `Usage: norikae-guest [options]

The agent of Norikae in a guest: sends flows through a virtual function (VF) while the host
requests it. Needs iproute2, bash and the capability CAP_NET_ADMIN.

  --port NAME        port of virtio-serial, or the path of its device (default ${DEFAULT_PORT})
  --stdio            the channel is standard input and output, for example behind socat
  --clean-transmit   remove the transmit rules that any agent has left, and end
  --clean            remove all rules that any agent has left, and end; the host must have moved
                     the traffic back before
  --version, --help`;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`norikae-guest: ${errorMessage(error)}`);
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: DEFAULT_PORT },
      stdio: { type: 'boolean', default: false },
      clean: { type: 'boolean', default: false },
      'clean-transmit': { type: 'boolean', default: false },
      version: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(USAGE);
  else if (values.version) console.log(version());
  else if (values.clean || values['clean-transmit']) {
    const what = values.clean ? 'all' : 'transmit';
    await clean(new TcProgram(CLEAN_MS), new SysfsDevices(), what);
  } else {
    await run(values.stdio ? stdioOnce() : () => new PortConnection(portPath(values.port)));
  }
  return 0;
}

async function run(connect: () => HostConnection | undefined): Promise<void> {
  // Standard output may be the channel.
  const log = (line: string): void => console.error(`norikae-guest: ${line}`);
  const agent = new RunningAgent({ version: version(), connect, log });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => void agent.stop());
  }
  await agent.run();
}

/** Standard input ends once. */
function stdioOnce(): () => HostConnection | undefined {
  let isOpened = false;
  return () => {
    if (isOpened) return undefined;
    isOpened = true;
    return new StdioConnection(process.stdin, process.stdout);
  };
}

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const isVersioned = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isVersioned ? String(manifest.version) : 'unknown';
}
