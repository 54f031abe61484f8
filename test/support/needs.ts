import { accessSync, constants, existsSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { controlGroups } from '../../lab/evaluate/scene/process-group.ts';
import { findKernel, findPrograms, KERNEL_SOURCES } from '../../lab/kernel/cache.ts';
import { nicModuleFile } from '../../lab/nic-module/build.ts';

/** Needs of tests, and how to check for them. */
const CHECKS = {
  root: () => (process.getuid?.() === 0 ? undefined : 'root'),
  ovs: () => program('ovs-vswitchd') ?? program('ovsdb-server') ?? program('ovs-vsctl'),
  ovn: () => program('ovn-northd') ?? program('ovn-controller'),
  netns: () => program('ip') ?? program('ethtool'),
  xdp: () => program('clang') ?? library('libbpf.so.1'),
  tcx: () => program('clang') ?? library('libbpf.so.1') ?? linux(6, 6),
  iperf3: () => program('iperf3'),
  tcpdump: () => program('tcpdump'),
  // The suites in test/kernel; npm test boots such a kernel for them.
  'kernel-lab': () =>
    existsSync('/sys/module/openvswitch') ? undefined : 'a kernel with Open vSwitch (kernel lab)',
  // The suites in test/lab/nic-module/guest; on a kernel that the NIC in software is built for.
  'nic-module': () =>
    existsSync(nicModuleFile(release())) ? undefined : `the NIC module for kernel ${release()}`,
  // Tests that boot such a kernel.
  'kernel-guests': kernelGuests,
  cgroup2: writableControlGroups,
  capinfos: () => program('capinfos'),
  fuse: () => file('/dev/fuse'),
  nft: () => program('nft') ?? program('tc'),
  bpftool: () => program('bpftool'),
  prometheus: () => program('prometheus'),
  promtool: () => program('promtool'),
  influxd: () => program('influxd'),
  openssl: () => program('openssl'),
  bash: () => program('bash'),
  zsh: () => program('zsh'),
  fish: () => program('fish'),
  man: () => program('man') ?? program('groff'),
  script: () => program('script'),
  chromium: () => file('/usr/bin/chromium'),
  'linux-headers': () => file('/usr/include/linux/openvswitch.h'),
  'debian-python3': () => file('/usr/bin/python3'),
  'python3-openvswitch': () =>
    file('/usr/lib/python3/dist-packages/ovs/flow/odp.py') ??
    file('/usr/lib/python3/dist-packages/netaddr/__init__.py') ??
    file('/usr/lib/python3/dist-packages/pyparsing/__init__.py'),
} as const satisfies Readonly<Record<string, () => string | undefined>>;

/** Name of a need. */
export type Need = keyof typeof CHECKS;

/**
 * Skips the suite of a `before` hook (or the test) if this machine lacks one of its needs, and adds
 * the missing needs to the suite's title, which every reporter prints:
 *
 *     before(function () { needs(this, 'root', 'ovs'); });
 */
export function needs(context: Mocha.Context, ...all: readonly Need[]): void {
  const missing = all.flatMap((need) => {
    const absent = CHECKS[need]();
    return absent === undefined ? [] : [absent];
  });
  if (missing.length > 0) skipFor(context, missing);
}

/** Skips like `needs`, for a need that only an attempt shows to be missing. */
export function skipFor(context: Mocha.Context, missing: readonly string[]): void {
  const inBefore = context.test?.title.startsWith('"before all"') === true;
  const titled = inBefore ? context.test?.parent : (context.currentTest ?? context.test);
  if (titled !== undefined) titled.title += ` [SKIPPED: needs ${missing.join(', ')}]`;
  context.skip();
}

function writableControlGroups(): string | undefined {
  try {
    accessSync(controlGroups(), constants.W_OK);
    return undefined;
  } catch {
    return 'control groups of version 2 that can be changed';
  }
}

function kernelGuests(): string | undefined {
  try {
    findPrograms();
    for (const source of KERNEL_SOURCES) findKernel(source);
    return undefined;
  } catch {
    return 'the kernel lab (npm run setup)';
  }
}

function program(name: string): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const found = directories.some((directory) => executable(join(directory, name)));
  return found ? undefined : name;
}

function library(name: string): string | undefined {
  const triplets = ['x86_64-linux-gnu', 'aarch64-linux-gnu'];
  const directories = ['/usr/lib', '/usr/lib64', ...triplets.map((t) => join('/usr/lib', t))];
  return directories.some((directory) => existsSync(join(directory, name))) ? undefined : name;
}

function linux(major: number, minor: number): string | undefined {
  const [ours = 0, oursMinor = 0] = release().split(/[.-]/).map(Number);
  const isOlder = ours < major || (ours === major && oursMinor < minor);
  return isOlder ? `Linux ${major}.${minor}` : undefined;
}

function file(path: string): string | undefined {
  return existsSync(path) ? undefined : path;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
