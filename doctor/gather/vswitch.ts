import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { shortestLimitMs } from '../../adapters/nic/core/heartbeat.ts';
import { readSequenceChecks } from '../../adapters/ovs/conntrack/tracker.ts';
import {
  kernelSequenceChecks,
  readSetting,
  TCP_LIBERAL,
} from '../../adapters/ovs/kernel/conntrack/settings.ts';
import { readSwitch, type SwitchReading } from '../../adapters/ovs/switch-reading.ts';
import { UnixctlClient } from '../../protocols/unixctl/client.ts';
import { isSeen, type Seen } from '../model/seen.ts';
import type { SequenceChecks, Settings, VswitchFacts } from '../model/facts.ts';
import { LOOK_MS, see } from './see.ts';

/** Longest wait for an answer of ovs-vswitchd or ovsdb-server, ms. */
const ANSWER_MS = LOOK_MS - 1_000;
/** What the names of datapaths in the kernel begin with. */
const KERNEL_DATAPATH = 'system@';
const MAX_REPLY_BYTES = 1024 * 1024;

/** The configuration of Open vSwitch and its ports. */
export function readConfiguration(settings: Settings): Promise<Seen<SwitchReading>> {
  const { database: socket, offloadExportingBridges: ignoreExports } = settings;
  return see('OVSDB', () => readSwitch({ socket, timeoutMs: ANSWER_MS, ignoreExports }));
}

/** Open vSwitch. @param reading of its configuration */
export async function vswitchFacts(
  { runDir, heartbeatMs }: Settings,
  reading: Seen<SwitchReading>,
): Promise<VswitchFacts> {
  const client = new UnixctlClient({
    runDir,
    timeoutMs: ANSWER_MS,
    maxReplyBytes: MAX_REPLY_BYTES,
  });
  const ask = (command: string, ...args: readonly string[]): Promise<string> =>
    client.text(command, args, new AbortController().signal);
  try {
    const datapaths = await see('datapaths', async () => linesOf(await ask('dpctl/dump-dps')));
    return {
      version: await see('ovs-vswitchd', async () => versionIn(await ask('version'))),
      datapaths,
      sequenceChecks: isSeen(datapaths) ? await sequenceChecksOf(datapaths.value, ask) : new Map(),
      configuration: reading,
      shortestHeartbeatMs: shortestLimitMs(heartbeatMs),
      rules: isSeen(reading) ? await rulesOf(runDir, reading.value) : new Map(),
    };
  } finally {
    await client.close();
  }
}

/** Whether the OpenFlow socket of each bridge, by which rules are read, can be opened. */
async function rulesOf(
  runDir: string,
  { bridges }: SwitchReading,
): Promise<ReadonlyMap<string, Seen<true>>> {
  const rules = new Map<string, Seen<true>>();
  for (const { name } of bridges) {
    const look = async (): Promise<true> => {
      await access(join(runDir, `${name}.mgmt`), constants.R_OK | constants.W_OK);
      return true;
    };
    rules.set(name, await see(`the rules of ${name}`, look));
  }
  return rules;
}

/** By datapath: whether its conntrack checks sequence numbers. The kernel's is that of this host. */
async function sequenceChecksOf(
  datapaths: readonly string[],
  ask: (command: string, ...args: readonly string[]) => Promise<string>,
): Promise<ReadonlyMap<string, Seen<SequenceChecks>>> {
  const checks = new Map<string, Seen<SequenceChecks>>();
  for (const datapath of datapaths) {
    const look = datapath.startsWith(KERNEL_DATAPATH)
      ? async () => kernelSequenceChecks(await readSetting(TCP_LIBERAL))
      : async () => readSequenceChecks(await ask('dpctl/ct-get-tcp-seq-chk', datapath));
    checks.set(datapath, await see(`the conntrack of ${datapath}`, look));
  }
  return checks;
}

/** `ovs-vswitchd (Open vSwitch) 3.1.0` -> `3.1.0`. */
function versionIn(text: string): string {
  return /\d[\w.~+-]*/.exec(text.split('\n')[0])?.[0] ?? text.trim();
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
