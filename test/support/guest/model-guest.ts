import { randomBytes } from 'node:crypto';
import { Agent } from '../../../guest/agent/agent.ts';
import type { LeaseGuard } from '../../../guest/agent/lease-guard.ts';
import { Lease } from '../../../guest/agent/lease.ts';
import type { GuestDevice } from '../../../protocols/guest-channel/codec/messages.ts';
import { openSession } from '../../../protocols/guest-channel/host/handshake.ts';
import type { HostSession } from '../../../protocols/guest-channel/host/host-session.ts';
import { MemoryPair } from './memory-pair.ts';
import { MemoryRules } from './memory-rules.ts';

/** Devices of a model guest: `eth0` (paravirtual) and `vf0`. */
export const MODEL_DEVICES: readonly GuestDevice[] = [
  {
    name: 'eth0',
    mac: '02:00:00:00:00:01',
    driver: 'virtio_net',
    mtu: 1500,
    isUp: true,
    canRedirect: true,
  },
  {
    name: 'vf0',
    mac: '02:00:00:00:0f:01',
    driver: 'igbvf',
    mtu: 1500,
    isUp: true,
    canRedirect: true,
  },
];

/** The real agent on rules and a channel in memory, with clocks that the test sets. */
export class ModelGuest implements LeaseGuard {
  readonly pair = new MemoryPair();
  readonly rules: MemoryRules;
  readonly agent: Agent;
  readonly lease = new Lease();
  /** Lines that the agent has sent. */
  readonly sent: string[] = [];
  /** Clock of the guest, and of the host, ms; unrelated to each other. */
  guestMs = 5_000;
  hostMs = 700_000;

  /** @param rules what an earlier agent left */
  constructor(rules = new MemoryRules(), devices = MODEL_DEVICES) {
    this.rules = rules;
    this.agent = new Agent({
      version: '1.0.0',
      epoch: randomBytes(8).toString('hex'),
      table: rules,
      lease: this.lease,
      clockMs: () => this.guestMs,
      devices: async () => devices,
      send: (text) => {
        this.sent.push(text);
        this.pair.guest.send(text);
      },
      guard: this,
      log: () => {},
    });
    this.pair.guest.onText = (text) => {
      for (const line of text.split('\n').slice(0, -1)) void this.agent.line(line);
    };
  }

  /** False: nothing guards the lease. */
  isRunning = true;
  /** What the guard was told: end of the lease, devices. */
  readonly guarded: string[] = [];

  guard(untilMs: number | undefined, devices: Iterable<string>): void {
    this.guarded.push([untilMs ?? 'none', ...devices].join(' '));
  }

  /** Starts the agent, as its main program does. */
  async start(): Promise<void> {
    await this.agent.adopt();
    await this.agent.announce();
  }

  /** The session that the host opens with it. */
  async session(timeoutMs = 1_000): Promise<HostSession> {
    const options = { guest: 'vm1', timeoutMs, nowMs: () => this.hostMs };
    return openSession(this.pair, options, new AbortController().signal);
  }
}
