import { writeFile } from 'node:fs/promises';
import { formatConnectionsReport, isClean as deliversRightly } from './connections/report.ts';
import { runCompare } from './compare/compare.ts';
import type { CompareDatapath } from './compare/cases/parameters.ts';
import { runCompareInGuest } from './compare/on-host.ts';
import { formatCompareReport } from './compare/report.ts';
import { ROUNDS } from './compare/verdict/tolerances.ts';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { LANE_NAMES } from './evaluate/model/cells.ts';
import { type EvaluateArguments, evaluateLanes } from './evaluate/command.ts';
import { updateEvaluationDocs } from './evaluate/docs-page.ts';
import { formatEvaluation } from './evaluate/report/text-report.ts';
import { runFastPath } from './fast-path.ts';
import { formatFastPathReport } from './fast-path-report.ts';
import { KERNEL_SOURCES, type KernelSource } from './kernel/cache.ts';
import { runLabShell } from './kernel/shell/on-host.ts';
import { runOffload } from './offload.ts';
import { runOffloadPeer } from './offload-peer/on-host.ts';
import { formatPeerReport } from './offload-peer/report.ts';
import { recordsOf } from './offload-peer/records.ts';
import { makeScene, SCENE_NAMES, type SceneName } from './offload-peer/scenes.ts';
import { formatOffloadReport } from './offload-report.ts';
import { runOpenstack } from './openstack/run.ts';
import { runOvn } from './ovn/run.ts';
import { FAULT_NAMES } from './sriov/faults.ts';
import { runSriov } from './sriov/on-host.ts';
import { formatSriovReport, isClean } from './sriov/report.ts';
import { errorMessage } from '../text/error-message.ts';

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 1 && seconds <= 600)) {
    throw new InvalidArgumentError('must be a number from 1 to 600');
  }
  return seconds;
}

function parseWhole(text: string): number {
  const number = Number(text);
  if (!(Number.isInteger(number) && number >= 1 && number <= 0xffffffff)) {
    throw new InvalidArgumentError('must be a whole number from 1');
  }
  return number;
}

function parseCount(text: string): number {
  return text === '0' ? 0 : parseWhole(text);
}

function parseList(text: string): readonly number[] {
  return text.split(',').map(parseWhole);
}

const program = new Command('lab')
  .description('Experiments on a real Open vSwitch and XDP, in network namespaces (root)')
  .exitOverride();

program
  .command('offload')
  .description('Moves a live TCP flow from the vSwitch to the NIC table and back')
  .option('--seconds <n>', 'length of each measured phase', parseSeconds, 5)
  .option('--json', 'print one JSON object', false)
  .action(async (options: { seconds: number; json: boolean }) => {
    const report = await runOffload({ seconds: options.seconds });
    console.log(options.json ? JSON.stringify(report) : formatOffloadReport(report));
    if (!report.tcpSurvived) process.exitCode = 1;
  });

program
  .command('fast-path')
  .description(
    'Moves a live TCP flow from a VM to the fast path behind an OpenFlow switch and back',
  )
  .option('--seconds <n>', 'length of each measured phase', parseSeconds, 5)
  .option('--json', 'print one JSON object', false)
  .action(async (options: { seconds: number; json: boolean }) => {
    const report = await runFastPath({ seconds: options.seconds, versions: ['1.3', '1.0'] });
    console.log(options.json ? JSON.stringify(report) : formatFastPathReport(report));
    if (!report.runs.every((run) => run.tcpSurvived)) process.exitCode = 1;
  });

/** A guest takes ten minutes for all cases and scenarios, and longer beside other work. */
const COMPARE_IN_GUEST_MS = 30 * 60_000;

interface CompareArguments {
  readonly datapath: CompareDatapath;
  readonly seed: number;
  readonly case: readonly number[];
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly rounds: number;
  readonly json: boolean;
}

program
  .command('compare')
  .description('Compares what users see of the same traffic without Norikae and with it')
  .addOption(
    new Option('--datapath <name>', "on this machine, or on the kernel's in an emulated machine")
      .choices(['userspace', 'kernel'])
      .default('userspace'),
  )
  .option('--seed <n>', 'seed of the cases', parseWhole, 1)
  .option(
    '--case <n>',
    'run this case; repeatable',
    (text: string, all: readonly number[]) => [...all, parseWhole(text)],
    [],
  )
  .option(
    '--only <word>',
    'run the cases with this word (`vxlan`, `mirror`), or the scenario of this name; repeatable',
    (text: string, all: readonly string[]) => [...all, text],
    [],
  )
  .option('--rounds <n>', 'how often a difference must appear', parseWhole, ROUNDS)
  .option('--quick', 'run a few cases with every value, and no scenarios', false)
  .option('--json', 'print one JSON object', false)
  .action(async (options: CompareArguments) => {
    const chosen = { ...options, cases: options.case };
    const report =
      options.datapath === 'kernel'
        ? await runCompareInGuest(chosen, COMPARE_IN_GUEST_MS)
        : await runCompare(chosen);
    const width = process.stdout.columns ?? Number.POSITIVE_INFINITY;
    console.log(options.json ? JSON.stringify(report) : formatCompareReport(report, width));
    if (report.differences.length > 0) process.exitCode = 1;
  });

program
  .command('evaluate')
  .description('Measures VMs with offload and onload, as the study of 2012 did')
  .addOption(
    new Option('--lane <name>', 'what carries offloaded flows; `all` takes an hour')
      .choices([...LANE_NAMES, 'all'])
      .default('xdp'),
  )
  .option(
    '--quick',
    'few cells and one short measurement of each: all lanes in five minutes',
    false,
  )
  .option('--vms <list>', 'numbers of VMs', parseList)
  .option('--ports <list>', 'numbers of physical ports', parseList)
  .option('--mtu <list>', 'MTUs, bytes', parseList)
  .option('--repetitions <n>', 'measurements of each cell', parseWhole)
  .option('--seconds <n>', 'length of each measurement', parseSeconds)
  .option('--output <folder>', 'write evaluation.json and evaluation.html there, after each scene')
  .option('--html <file>', 'write a report with charts')
  .option('--json', 'print one JSON object', false)
  .action(async (options: EvaluateArguments & { readonly json: boolean }) => {
    const evaluation = await evaluateLanes(options);
    console.log(options.json ? JSON.stringify(evaluation) : formatEvaluation(evaluation));
  });

program
  .command('evaluate-docs')
  .description('Writes the figures of an evaluation into docs/evaluation.md')
  .argument('<file>', 'evaluation.json, or what `evaluate --json` printed')
  .action(updateEvaluationDocs);

interface PeerArguments {
  readonly scene: SceneName;
  readonly quick: boolean;
  readonly records?: string;
  readonly json: boolean;
}

program
  .command('offload-peer')
  .description(
    "Compares Norikae with Open vSwitch's own offload on a NIC in software, in emulated machines",
  )
  .addOption(
    new Option('--scene <name>', 'flows that exchange their rates, or large flows that arrive')
      .choices(SCENE_NAMES)
      .default('rates'),
  )
  .option('--quick', 'fewer flows and entries, for a shorter time', false)
  .option('--records <file>', 'write the traffic as flow records, and run nothing')
  .option('--json', 'print one JSON object', false)
  .action(async (options: PeerArguments) => {
    const scene = { name: options.scene, quick: options.quick };
    if (options.records !== undefined) {
      await writeFile(options.records, recordsOf(makeScene(scene)));
      return;
    }
    const report = await runOffloadPeer(scene);
    console.log(options.json ? JSON.stringify(report) : formatPeerReport(report));
  });

interface OvnArguments {
  readonly seconds: number;
  readonly restart: boolean;
  readonly only: readonly string[];
  readonly json: boolean;
}

program
  .command('ovn')
  .description("Runs the same workload in deployments of Debian's OVN without Norikae and with it")
  .option('--seconds <n>', 'length of each measured phase', parseSeconds, 5)
  .option('--restart', 'restart ovs-vswitchd, too, without the daemon and with it', false)
  .option(
    '--only <word>',
    'run the deployments with this word in their name; repeatable',
    (text: string, all: readonly string[]) => [...all, text],
    [],
  )
  .option('--json', 'print one JSON object', false)
  .action(async (options: OvnArguments) => {
    const report = await runOvn(options);
    console.log(options.json ? JSON.stringify(report) : formatConnectionsReport(report));
    if (!deliversRightly(report)) process.exitCode = 1;
  });

program
  .command('openstack')
  .description("Runs the same workload through the pipeline of OpenStack's firewall driver")
  .option('--seconds <n>', 'length of each measured phase', parseSeconds, 5)
  .option('--restart', 'restart ovs-vswitchd, too, without the daemon and with it', false)
  .option('--json', 'print one JSON object', false)
  .action(async (options: { seconds: number; restart: boolean; json: boolean }) => {
    const report = await runOpenstack(options);
    console.log(options.json ? JSON.stringify(report) : formatConnectionsReport(report));
    if (!deliversRightly(report)) process.exitCode = 1;
  });

program
  .command('sriov')
  .description(
    "Lets the daemon move a VM's live traffic between vSwitch and virtual function, and ends its parts meanwhile, in an emulated machine",
  )
  .option('--moves <n>', 'number of moves, there and back count as two; 0: none', parseCount, 20)
  .addOption(
    new Option('--faults <name...>', 'what ends while the virtual function carries the traffic')
      .choices([...FAULT_NAMES, 'none'])
      .default(FAULT_NAMES),
  )
  .option('--json', 'print one JSON object', false)
  .action(async (options: { moves: number; faults: readonly string[]; json: boolean }) => {
    const faults = FAULT_NAMES.filter((name) => options.faults.includes(name));
    const report = await runSriov({ moves: options.moves, faults });
    console.log(options.json ? JSON.stringify(report) : formatSriovReport(report));
    if (!isClean(report)) process.exitCode = 1;
  });

interface KernelArguments {
  readonly kernel: KernelSource;
  readonly bare: boolean;
  readonly sriov: boolean;
  readonly seconds: number;
}

program
  .command('kernel')
  .description("Boots a kernel of Debian's and opens a shell on a node with its Open vSwitch")
  .argument('[command]', 'run this command of bash instead, and print its output')
  .addOption(
    new Option('--kernel <source>', "of this machine's release of Debian, or its backports")
      .choices(KERNEL_SOURCES)
      .default('backports'),
  )
  .option('--bare', 'without Open vSwitch, VMs and daemon', false)
  .option('--sriov', 'with two connected NICs (igb) that have virtual functions', false)
  .option('--seconds <n>', 'time-out of the command', parseSeconds, 300)
  .action(async (command: string | undefined, options: KernelArguments) => {
    const timeoutMs = options.seconds * 1_000;
    process.exitCode = await runLabShell({ ...options, command, timeoutMs });
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed the error. 2 means wrong usage, as in all commands.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    console.error(`✖ ${errorMessage(error)}`);
    process.exitCode = 1;
  }
}
