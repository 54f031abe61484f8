import { randomBytes } from 'node:crypto';
import { Agent } from '../../../../../guest/agent/agent.ts';
import type { LeaseGuard } from '../../../../../guest/agent/lease-guard.ts';
import { Lease } from '../../../../../guest/agent/lease.ts';
import { bootTimeMs } from '../../../../../guest/machine/clock.ts';
import { SysfsDevices } from '../../../../../guest/machine/devices.ts';
import { TcProgram } from '../../../../../guest/tc/tc-program.ts';
import { TcRules } from '../../../../../guest/tc/tc-rules.ts';
import { monotonicMs } from '../../../../../async/monotonic.ts';
import { openSession } from '../../../../../protocols/guest-channel/host/handshake.ts';
import type { HostSession } from '../../../../../protocols/guest-channel/host/host-session.ts';
import { MemoryPair } from '../../../../support/guest/memory-pair.ts';

/** An emulated processor takes long to start tc. */
const SLOW_MS = 30_000;

const UNGUARDED: LeaseGuard = { isRunning: true, guard() {} };

/** The agent with its rules in this kernel and network namespace, on a channel in memory. */
export class KernelGuest {
  readonly #pair = new MemoryPair();
  readonly #agent: Agent;
  readonly #rules: TcRules;

  constructor() {
    const devices = new SysfsDevices();
    this.#rules = new TcRules(new TcProgram(SLOW_MS), devices);
    this.#agent = new Agent({
      version: '1.0.0',
      epoch: randomBytes(8).toString('hex'),
      table: this.#rules,
      lease: new Lease(),
      clockMs: bootTimeMs,
      devices: () => devices.list(),
      send: (text) => this.#pair.guest.send(text),
      guard: UNGUARDED,
      log: () => {},
    });
    this.#pair.guest.onText = (text) => {
      for (const line of text.split('\n').slice(0, -1)) void this.#agent.line(line);
    };
  }

  /** Rules by which it sends through its virtual function. */
  get transmitRules(): number {
    return this.#rules.transmit.size;
  }

  /** The session that the host opens with it. */
  session(guest: string): Promise<HostSession> {
    const options = { guest, timeoutMs: SLOW_MS, nowMs: monotonicMs };
    return openSession(this.#pair, options, new AbortController().signal);
  }
}
