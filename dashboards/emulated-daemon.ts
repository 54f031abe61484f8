import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { parseConfig } from '../config/load-config.ts';
import { createDaemon } from '../daemon/daemon.ts';
import { type HttpService, startHttpServer } from '../server/http/http-server.ts';
import type { Daemon } from '../daemon/lifecycle.ts';
import { packageRoot } from '../platform/package-root.ts';

const WAIT_MS = 20_000;

/** Samples that appear last in a scrape: rates of ports need two readings of the host. */
const SIGNS = [
  /^norikae_traffic_bytes_total\{path="nic"\} [1-9]/m,
  /^norikae_port_device_bytes_per_second\{/m,
];

/** Declared slices of two VMs each; other VMs belong to the slices of their ports. */
const SLICES = {
  gold: { members: [{ vm: 'vm-0' }, { vm: 'vm-1' }], weight: 3, guaranteed: '30%' },
  silver: {
    members: [{ vm: 'vm-2' }, { vm: 'vm-3' }],
    guaranteed: '10%',
    maximum: '50%',
  },
};

/** A daemon with its HTTP server in this process, on a busy emulated node. */
export class EmulatedDaemon {
  readonly url: string;
  readonly daemon: Daemon;
  readonly #http: HttpService;
  readonly #folder: string;

  private constructor(daemon: Daemon, http: HttpService, folder: string) {
    this.daemon = daemon;
    this.url = http.url;
    this.#http = http;
    this.#folder = folder;
  }

  /** @param options `topFlows`: as in the configuration */
  static async start({ topFlows = 0 } = {}): Promise<EmulatedDaemon> {
    const folder = mkdtempSync(join(tmpdir(), `nk-emulated-${process.pid}-`));
    const policy = join(folder, 'policy.json');
    writeFileSync(policy, JSON.stringify({ ...defaultPolicy(), slices: SLICES }));
    const config = parseConfig(
      JSON.stringify({
        node: { adapter: 'emulator', emulator: { seed: 5, vms: 8, load: 0.1 } },
        backend: { adapter: 'emulator', entries: 200 },
        poll: { periodMs: 100 },
        policies: [policy],
        http: { port: 0, topFlows },
      }),
      join(folder, 'config.json'),
    );
    const log = pino({ level: 'silent' });
    const daemon = await createDaemon(config, log);
    const http = await startHttpServer(config.http, daemon, log);
    await daemon.start(new AbortController().signal);
    return new EmulatedDaemon(daemon, http, folder);
  }

  /** Host and port of its HTTP server. */
  get address(): string {
    return new URL(this.url).host;
  }

  /** The response to a scrape. */
  async metrics(accept = 'text/plain'): Promise<string> {
    const signal = AbortSignal.timeout(5_000);
    const answer = await fetch(`${this.url}metrics`, { headers: { accept }, signal });
    return answer.text();
  }

  /** Waits until flows have been placed and counted, and the rates of ports are known. */
  async untilPlaced(): Promise<void> {
    const endMs = performance.now() + WAIT_MS;
    for (;;) {
      const metrics = await this.metrics();
      if (SIGNS.every((sign) => sign.test(metrics))) return;
      if (performance.now() > endMs) throw new Error(`no flow was placed within ${WAIT_MS} ms`);
      await sleep(100);
    }
  }

  async stop(): Promise<void> {
    await this.#http.close();
    await this.daemon.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function defaultPolicy(): object {
  const text = readFileSync(join(packageRoot(), 'policies/default.json'), 'utf8');
  const policy: unknown = JSON.parse(text);
  if (typeof policy !== 'object' || policy === null) throw new Error('no policy in default.json');
  return policy;
}
