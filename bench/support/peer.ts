import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';

/** Debian's Python, which has OVS's modules, whatever is first in PATH. */
const PYTHON = '/usr/bin/python3';

/** Longest run of a peer, ms. */
const PEER_TIMEOUT_MS = 120_000;

/** A peer could not be measured. */
export class PeerFailed extends Error {
  override readonly name = 'PeerFailed';
  constructor(script: string, detail: string) {
    super(
      `${script} failed: ${detail.trim()}\n` +
        "It needs Debian's python3-openvswitch, python3-netaddr and python3-pyparsing.",
    );
  }
}

/**
 * A signal for a peer's process: `signal`, and a time-out. The time-out of `spawn` itself would keep
 * a bench alive whose peer is not installed, before Node 24.
 */
export function peerSignal(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(PEER_TIMEOUT_MS)]);
}

/**
 * Runs a Python script in `bench/` with `input` on its stdin, and resolves to its output. @throws
 * PeerFailed
 */
export function runPython(script: string, input: string, signal: AbortSignal): Promise<string> {
  const path = join(packageRoot(), 'bench', script);
  return new Promise((resolve, reject) => {
    const child = spawn(PYTHON, [path], { signal: peerSignal(signal) });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.on('error', (error) => reject(new PeerFailed(script, error.message)));
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new PeerFailed(script, complaint.slice(-500)));
    });
    // The exit code reports a peer that ends early; the broken pipe adds nothing.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
