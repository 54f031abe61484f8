// The side of `npm run bench -- meter` that runs in a network namespace of its own, or in a guest: sends
// small packets between two VMs through Open vSwitch, and writes what they cost.
//
//     node in-network.js netdev|system SIZES FILE       SIZES as JSON
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tcDrop } from '../../lab/compare/surroundings/filters.ts';
import { ethernet, ipv4, udp } from '../../lab/testbed/frames.ts';
import { BRIDGE, TestNode, type Vm } from '../../lab/testbed/node.ts';
import { progress } from '../../lab/testbed/progress.ts';
import { run } from '../../lab/testbed/run.ts';
import { sleep } from '../../lab/testbed/wait.ts';
import { METERED, type Measured, type Sizes } from './figures.ts';
import { startMeter } from './meter-on-node.ts';
import { PacketBurst } from '../../lab/testbed/packet-burst.ts';
import { perRun, ProgramTimes } from './program-times.ts';

const DATA_BYTES = 18;
/** Clock ticks of /proc, ms. */
const TICK_MS = 10;
const SETTLE_MS = 200;

const [datapath = 'netdev', sizesText = '{}', file = '/run/lab/result'] = process.argv.slice(2);
const sizes: Sizes = JSON.parse(sizesText);
if (datapath === 'system') await run('modprobe', ['openvswitch'], { timeoutMs: 30_000 });
const node = await TestNode.start([], datapath === 'system' ? 'system' : 'netdev', 'shared');
const times = new ProgramTimes();
try {
  const vms = [await node.addVm(1), await node.addVm(2)] as const;
  await node.introduce(...vms);
  await node.ovs.ofctl('del-flows', BRIDGE);
  await node.ovs.ofctl('add-flow', BRIDGE, 'in_port=1,actions=output:2');
  // What arrives costs as little as possible.
  await tcDrop(vms[1].namespace, 'eth0', 'ingress').apply();
  const empty = times.attachEmpty(vms[0].port.ifindex);
  const measured: Measured[] = [];
  for (const connections of sizes.connections) {
    const burst = new PacketBurst(vms[0].namespace.name, 'eth0', framesOf(vms, connections));
    for (let round = 0; round < sizes.rounds; round++) {
      for (const how of METERED) {
        const meter = await startMeter(node, vms, how);
        try {
          measured.push({
            connections,
            how,
            ...(await measure(burst, vms[1], meter?.programId, empty)),
          });
        } finally {
          await meter?.close();
        }
        progress(JSON.stringify(measured.at(-1)));
      }
    }
    burst.close();
  }
  await writeFile(file, JSON.stringify(measured));
} finally {
  times.close();
  if (datapath === 'system') await node.ovs.vsctl('--if-exists', 'del-br', BRIDGE);
  await node.stop();
}

type Costs = Omit<Measured, 'connections' | 'how'>;

async function measure(
  burst: PacketBurst,
  receiver: Vm,
  programId: number | undefined,
  empty: () => ReturnType<ProgramTimes['of']>,
): Promise<Costs> {
  // Makes the megaflow, and the connections known.
  burst.send();
  await sleep(SETTLE_MS);
  const read = () => (programId === undefined ? empty() : times.of(programId));
  const [program, measuring] = [read(), empty()];
  const [cpu, received, startMs] = [vswitchdMs(), await packetsAt(receiver), performance.now()];
  while (performance.now() - startMs < sizes.seconds * 1000) {
    burst.send();
    await sleep(0);
  }
  const sendingMs = performance.now() - startMs;
  await sleep(SETTLE_MS);
  const forwarded = (await packetsAt(receiver)) - received;
  const cpuMs = datapath === 'system' ? sendingMs : vswitchdMs() - cpu;
  return {
    vswitchNs: (cpuMs * 1e6) / forwarded,
    meterNs: programId === undefined ? 0 : perRun(program, read()) - perRun(measuring, empty()),
    packetsPerSecond: forwarded / (sendingMs / 1000),
  };
}

/** A packet of each connection. */
function framesOf([from, to]: readonly [Vm, Vm], connections: number): readonly Buffer[] {
  return Array.from({ length: Math.max(connections, 64) }, (_, i) => {
    const n = i % connections;
    const ip = {
      src: Buffer.from([10, 9, (n >> 14) & 0xff, 1]),
      dst: Buffer.from([10, 9, 0, 2]),
      protocol: 17,
      ttl: 64,
      tos: 0,
    };
    const payload = ipv4(ip, 1, udp(ip, 1024 + (n & 0x3fff), 2000, Buffer.alloc(DATA_BYTES)));
    return ethernet({ src: from.mac, dst: to.mac, etherType: 0x0800, payload });
  });
}

/** Processor time of ovs-vswitchd so far, ms. */
function vswitchdMs(): number {
  const pid = readFileSync(join(node.ovs.runDir, 'ovs-vswitchd.pid'), 'latin1').trim();
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return (user + system) * TICK_MS;
}

/** Packets that have come to a VM. */
async function packetsAt({ namespace }: Vm): Promise<number> {
  const text = await run('ip', ['-n', namespace.name, '-s', '-j', 'link', 'show', 'dev', 'eth0']);
  return Number(/"rx":\s*{\s*"bytes":\s*\d+,\s*"packets":\s*(\d+)/.exec(text)?.[1]);
}
