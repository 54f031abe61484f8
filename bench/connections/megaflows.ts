import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OvsFlowSource } from '../../adapters/ovs/flow-source.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import { Cleanup } from '../../lab/testbed/cleanup.ts';
import { NameMaker } from '../../lab/testbed/names.ts';
import { OvsInstance } from '../../lab/testbed/ovs.ts';
import { UnixctlClient } from '../../protocols/unixctl/client.ts';
import { cpuMs } from '../support/measuring.ts';

const DATAPATH = 'netdev@bench';
const PORTS = 4;
const TIMEOUT_MS = 60_000;
/** Unit of the CPU times in /proc, ms. */
const JIFFY_MS = 10;
const WARM_READINGS = 3;

/** What reading so many megaflows takes. */
export interface MegaflowFigures {
  readonly flows: number;
  /** Processor time for a reading, of ovs-vswitchd and of this process, ms. */
  readonly vswitchdMs: number;
  readonly ownMs: number;
}

/** Makes megaflows in a datapath without a bridge, where nothing revalidates them, and reads them. */
export async function measureMegaflows(
  flows: number,
  readings: number,
  progress: (line: string) => void,
): Promise<MegaflowFigures> {
  const cleanup = new Cleanup();
  try {
    const { runDir, vswitchdPid = 0 } = await OvsInstance.start(cleanup, new NameMaker());
    const client = new UnixctlClient({ runDir, timeoutMs: TIMEOUT_MS });
    const ask = (command: string, ...args: readonly string[]): Promise<string> =>
      client.text(command, args, new AbortController().signal);
    await ask('dpctl/add-dp', DATAPATH);
    for (let n = 1; n <= PORTS; n++) {
      await ask('dpctl/add-if', DATAPATH, `p${n},type=tap,port_no=${n}`);
    }
    const file = join(runDir, 'flows');
    await writeFile(file, Array.from({ length: flows }, (_, n) => `${flowLine(n)}\n`).join(''));
    await ask('dpctl/add-flows', DATAPATH, file);
    await client.close();
    const source = new OvsFlowSource({ runDir, datapath: DATAPATH, timeoutMs: TIMEOUT_MS });
    const table = new FlowTable();
    const read = async (): Promise<void> => {
      table.begin(performance.now());
      await source.read(table, new AbortController().signal);
      table.end();
      if (table.count !== flows) throw new Error(`${table.count} of ${flows} megaflows were read`);
    };
    for (let n = 0; n < WARM_READINGS; n++) await read();
    const [vswitchd, own] = [cpuOf(vswitchdPid), cpuMs()];
    for (let n = 0; n < readings; n++) await read();
    await source.close();
    const vswitchdMs = (cpuOf(vswitchdPid) - vswitchd) / readings;
    const ownMs = (cpuMs() - own) / readings;
    progress(
      `${flows} megaflows: ${vswitchdMs.toFixed(0)} ms of ovs-vswitchd, ${ownMs.toFixed(0)} own`,
    );
    return { flows, vswitchdMs, ownMs };
  } finally {
    await cleanup.run();
  }
}

/** CPU time of a process so far, ms. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * JIFFY_MS;
}

/** Flow `n` as `dpctl/add-flows` reads it: UDP between two VMs, by addresses and ports. */
function flowLine(n: number): string {
  const hex = (value: number, digits: number): string =>
    (value >>> 0).toString(16).padStart(digits, '0');
  const ufid = `${hex(n + 1, 8)}-0000-4000-8000-${hex(n * 2_654_435_761, 12)}`;
  return (
    `ufid:${ufid},in_port(${1 + (n % PORTS)}),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02)` +
    `,eth_type(0x0800),ipv4(src=10.1.${n >> 16}.1,dst=10.2.0.1,proto=17,frag=no)` +
    `,udp(src=${n & 0xffff},dst=2000) ${1 + ((n + 1) % PORTS)}`
  );
}
