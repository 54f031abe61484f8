import { existsSync } from 'node:fs';
import { isRoot } from './root.mjs';
import { say, SetupFailed, step } from './step.mjs';

/** Debian packages by purpose. */
export const PACKAGES = {
  vswitch: ['openvswitch-switch', 'iproute2', 'ethtool', 'iperf3', 'tcpdump', 'python3'],
  filters: ['nftables'],
  ovn: ['ovn-central', 'ovn-host'],
  xdp: ['clang', 'llvm', 'libbpf1', 'libbpf-dev', 'linux-libc-dev'],
  // Inter is the page's preferred font, and used in the screenshots.
  browser: ['chromium', 'fonts-inter'],
  // Peers of the benches; bpftool is the peer of `apply`.
  peers: ['python3', 'python3-openvswitch', 'python3-netaddr', 'python3-pyparsing', 'bpftool'],
  prometheus: ['prometheus'],
  influx: ['influxdb'],
  captures: ['wireshark-common'],
  // Completion, and man pages.
  shells: ['zsh', 'fish', 'man-db'],
  // Prepare and boot Debian's kernel; the kernel itself and QEMU are only unpacked (kernel-lab.mjs).
  kernelLab: ['kmod', 'xz-utils', 'util-linux'],
  // Build the kernel lab's NIC in software (nic-module.mjs); libbpf1 brings the library for ELF files.
  nicModule: ['gcc', 'make'],
};

/**
 * Installs missing packages.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<string>} result, for the report
 * @throws {SetupFailed} when a package is missing and cannot be installed: not root, not Debian, or no
 *   reachable package source
 */
export async function installPackages(packages) {
  const missing = await missingPackages(packages);
  if (missing.length === 0) return 'already installed';
  const command = `apt-get install ${missing.join(' ')}`;
  if (!isRoot) throw new SetupFailed(`Debian packages are missing; run as root: ${command}`);
  if (!existsSync('/usr/bin/apt-get')) {
    throw new SetupFailed(
      `there is no apt-get; install the equivalent of these packages: ${missing.join(' ')}`,
    );
  }
  say(`Debian packages are missing: ${missing.join(' ')}`);
  const options = { timeoutMs: 10 * 60_000, env: { DEBIAN_FRONTEND: 'noninteractive' } };
  await step('apt-get update', 'apt-get', ['update', '-q'], options);
  const install = ['install', '-y', '-q', '--no-install-recommends', ...missing];
  await step('apt-get install', 'apt-get', install, options);
  return `installed ${missing.join(' ')}`;
}

/**
 * @param {readonly string[]} packages
 * @returns {Promise<readonly string[]>} those that are not installed
 */
async function missingPackages(packages) {
  if (!existsSync('/usr/bin/dpkg-query')) return packages;
  const format = '${Package} ${db:Status-Status}\n';
  const listed = await step('dpkg-query', 'dpkg-query', ['-W', '-f', format], {
    timeoutMs: 30_000,
  });
  const installed = new Set(
    listed.split('\n').flatMap((line) => {
      const [name, status] = line.split(' ');
      return status === 'installed' ? [name] : [];
    }),
  );
  return packages.filter((name) => !installed.has(name));
}
