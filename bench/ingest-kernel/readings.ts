import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatapathWatch } from '../../adapters/ovs/kernel/datapath-watch.ts';
import { KernelFlowSource } from '../../adapters/ovs/kernel/flow-source.ts';
import { OvsFlowSource } from '../../adapters/ovs/flow-source.ts';
import { FlowTable } from '../../engine/model/flow-table.ts';
import type { FlowSource } from '../../engine/ports/flow-source.ts';
import { datapaths } from '../../protocols/netlink/ovs/datapaths.ts';
import { ovsFamilies } from '../../protocols/netlink/ovs/families.ts';
import { NetlinkRequests } from '../../protocols/netlink/requests.ts';
import { NetlinkSocket, PROTOCOL } from '../../protocols/netlink/socket.ts';
import { UnixctlClient } from '../../protocols/unixctl/client.ts';
import type { MeasuredOvs, ReadingFigures, ReadingSizes, SourceFigures } from './figures.ts';

const NAME = 'bench';
const DATAPATH = `system@${NAME}`;
const PORTS = 4;
/** An emulated processor makes 20,000 flows in 10 s. */
const TIMEOUT_MS = 120_000;
/** Unit of the CPU times in /proc, ms. */
const JIFFY_MS = 10;
/** Warm-up: until the JIT compiler has seen both readers. */
const WARM_READINGS = 3;

type Readings = Pick<ReadingFigures, 'kernel' | 'vswitchd' | 'makingAlone' | 'makingFollowed'>;

/**
 * Measures readings of a datapath without a bridge, whose flows nothing revalidates, and how long
 * ovs-vswitchd takes to make them. Runs in the network namespace of ovs-vswitchd.
 */
export async function measureReadings(ovs: MeasuredOvs, sizes: ReadingSizes): Promise<Readings> {
  const client = new UnixctlClient({ runDir: ovs.runDir, timeoutMs: TIMEOUT_MS });
  const ask = (command: string, ...args: readonly string[]): Promise<string> =>
    client.text(command, args, new AbortController().signal);
  const make = async (flows: number): Promise<number> => {
    const file = join(ovs.runDir, 'flows');
    await writeFile(file, Array.from({ length: flows }, (_, n) => `${flowLine(n)}\n`).join(''));
    await ask('dpctl/del-flows', DATAPATH);
    const startedMs = performance.now();
    await ask('dpctl/add-flows', DATAPATH, file);
    return performance.now() - startedMs;
  };
  await ask('dpctl/add-dp', DATAPATH);
  try {
    for (let n = 1; n <= PORTS; n++) {
      await ask('dpctl/add-if', DATAPATH, `p${n},type=internal,port_no=${n}`);
    }
    const makingAlone: number[] = [];
    const makingFollowed: number[] = [];
    for (let i = 0; i < sizes.makings; i++) {
      makingAlone.push(await make(sizes.made));
      const watch = await follow();
      makingFollowed.push(await make(sizes.made));
      watch.close();
    }
    await make(sizes.flows);
    const options = { datapath: DATAPATH, timeoutMs: TIMEOUT_MS };
    const cpuMs = (): number => cpuOf(ovs.vswitchdPid);
    const vswitchd = new OvsFlowSource({ ...options, runDir: ovs.runDir });
    return {
      makingAlone,
      makingFollowed,
      kernel: await readings(new KernelFlowSource(options), sizes, cpuMs),
      vswitchd: await readings(vswitchd, sizes, cpuMs),
    };
  } finally {
    await ask('dpctl/del-dp', DATAPATH);
    await client.close();
  }
}

/** Follows the flows of the datapath as a source does between two readings. */
async function follow(): Promise<DatapathWatch> {
  const requests = new NetlinkRequests(PROTOCOL.generic, { timeoutMs: TIMEOUT_MS });
  const families = await ovsFamilies(requests);
  if (families === undefined) throw new Error('the kernel has no Open vSwitch');
  const found = (await datapaths(requests, families)).find(({ name }) => name === NAME);
  requests.close();
  if (found === undefined) throw new Error(`the kernel has no datapath ${NAME}`);
  const open = (): NetlinkSocket => new NetlinkSocket(PROTOCOL.generic);
  const listener = { actionsChanged: () => undefined, flowMade: () => undefined };
  const watch = new DatapathWatch(families, found.ifindex, open, listener);
  watch.followFlows(Number.MAX_SAFE_INTEGER);
  return watch;
}

async function readings(
  source: FlowSource,
  sizes: ReadingSizes,
  cpuMs: () => number,
): Promise<SourceFigures> {
  const table = new FlowTable();
  const read = async (): Promise<number> => {
    const startedMs = performance.now();
    table.begin(startedMs);
    await source.read(table, new AbortController().signal);
    table.end();
    if (table.count !== sizes.flows) throw new Error(`${table.count} flows in ${source.name}`);
    return performance.now() - startedMs;
  };
  try {
    const firstMs = await read();
    for (let i = 0; i < WARM_READINGS; i++) await read();
    const before = cpuMs();
    const times: number[] = [];
    for (let i = 0; i < sizes.readings; i++) times.push(await read());
    return { firstMs, readings: times, vswitchdCpuMs: cpuMs() - before };
  } finally {
    await source.close();
  }
}

/** CPU time of a process so far, ms. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * JIFFY_MS;
}

/** Flow `n` as `dpctl/add-flows` reads it: UDP between two VMs, with all fields that OVS matches then. */
function flowLine(n: number): string {
  const hex = (value: number, digits: number): string =>
    (value >>> 0).toString(16).padStart(digits, '0');
  const byte = (shift: number): number => (n >> shift) & 0xff;
  const mac = `02:00:00:${[16, 8, 0].map((shift) => hex(byte(shift), 2)).join(':')}`;
  const ufid = `${hex(n + 1, 8)}-0000-4000-8000-${hex(n * 2_654_435_761, 12)}`;
  return (
    `ufid:${ufid},in_port(${1 + (n % PORTS)}),eth(src=${mac},dst=02:00:00:00:00:02)` +
    `,eth_type(0x0800),ipv4(src=10.${byte(16)}.${byte(8)}.${byte(0)},dst=10.1.0.1,proto=17,frag=no)` +
    `,udp(src=${1 + (n % 60_000)},dst=53) ${1 + ((n + 1) % PORTS)}`
  );
}
