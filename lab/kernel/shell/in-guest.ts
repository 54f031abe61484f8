// The guest's side of `npm run lab -- kernel`: a node on the kernel datapath with two VMs and the
// daemon, and a shell or a command in it.
//
//     node in-guest.js [COMMAND]
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../../platform/package-root.ts';
import { NorikaeDaemon } from '../../testbed/daemon.ts';
import { TestNode, type Vm } from '../../testbed/node.ts';
import { progress } from '../../testbed/progress.ts';

/** Functions of the shell. */
const RC_FILE = '/run/lab-shell';
/** An emulated processor takes half a minute to load the daemon, and shares itself with questions. */
const READY = { timeoutMs: 120_000, everyMs: 1_000 };

const [command] = process.argv.slice(2);
progress('Open vSwitch on the kernel datapath, with two VMs …');
const node = await TestNode.start([], 'system');
try {
  const vms = [await node.addVm(1), await node.addVm(2)];
  await node.introduce(...vms);
  progress('the daemon, which takes half a minute to load …');
  const daemon = await NorikaeDaemon.start(node, { ready: READY });
  await writeFile(RC_FILE, shellFunctions(node, vms, daemon));
  process.exitCode = await runShell(command);
  await daemon.stop();
} finally {
  await node.stop();
}

function shellFunctions(node: TestNode, vms: readonly Vm[], daemon: NorikaeDaemon): string {
  const inNamespace = (name: string, namespace: string) =>
    `${name}() { ip netns exec ${namespace} "$@"; }`;
  const main = join(packageRoot(), 'dist', 'cli', 'main.js');
  return [
    `export OVS_RUNDIR=${node.ovs.runDir}`,
    `norikae() { '${process.execPath}' '${main}' "$@" --control '${daemon.control.path}'; }`,
    inNamespace('host', node.ovs.host.name),
    ...vms.map((vm) => inNamespace(vm.name, vm.namespace.name)),
    `PS1='[kernel lab \\u@\\h \\W]# '`,
    '',
  ].join('\n');
}

/** Resolves to its exit status. */
function runShell(command: string | undefined): Promise<number> {
  const interactive = command === undefined;
  if (interactive) {
    console.log(`
  vm1 ping 10.9.0.2             in a VM
  host ip link                  in the network namespace of the host
  ovs-appctl dpctl/dump-flows   Open vSwitch
  norikae status                the daemon
  exit                          ends the guest
`);
  }
  const args = interactive ? ['--rcfile', RC_FILE, '-i'] : ['-c', `. ${RC_FILE}; ${command}`];
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', args, { stdio: 'inherit' });
    shell.once('error', reject);
    shell.once('close', (code) => resolve(code ?? 1));
  });
}
