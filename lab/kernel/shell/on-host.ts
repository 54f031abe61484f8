import { fileURLToPath } from 'node:url';
import { findKernel, type KernelSource } from '../cache.ts';
import { runGuest, runGuestOnTerminal } from '../guest.ts';

/** Options of the lab's shell. */
export interface ShellOptions {
  readonly kernel: KernelSource;
  /** A command for the shell instead of a terminal. */
  readonly command?: string | undefined;
  /** Only the kernel, without Open vSwitch, VMs and daemon. */
  readonly bare: boolean;
  /** Two NICs with SR-IOV. */
  readonly sriov: boolean;
  /** Time-out of a command, ms; there is none for a terminal. */
  readonly timeoutMs: number;
}

/**
 * Boots a kernel and runs a shell on this terminal, or a command, on a node with kernel Open vSwitch,
 * two VMs and the daemon.
 *
 * @returns exit status of the shell
 * @throws {LabMissing}
 * @throws {GuestDied}
 * @throws {GuestTimeout} when a command does not end in time
 */
export async function runLabShell(options: ShellOptions): Promise<number> {
  const { command, bare, sriov, timeoutMs } = options;
  const inGuest = fileURLToPath(new URL('in-guest.js', import.meta.url));
  const onNode = [process.execPath, inGuest, ...(command === undefined ? [] : [command])];
  const plain = ['bash', ...(command === undefined ? ['-i'] : ['-c', command])];
  const { rows, columns } = process.stdout;
  const guest = {
    kernel: findKernel(options.kernel),
    command: bare ? plain : onNode,
    env: { TERM: process.env.TERM ?? 'dumb', ...sizeVariables(rows, columns) },
    processors: 2,
    sriov,
  };
  if (command === undefined) return runGuestOnTerminal(guest);
  const onLine = (line: string) => console.log(line);
  return (await runGuest({ ...guest, timeoutMs, onLine })).status;
}

/** Size of the terminal; a serial console does not know it. */
function sizeVariables(rows: number | undefined, columns: number | undefined) {
  return rows === undefined || columns === undefined
    ? {}
    : { LINES: String(rows), COLUMNS: String(columns) };
}
