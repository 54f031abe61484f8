import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { LeaseRenewer } from '../../../daemon/lease-renewer.ts';
import { PanicHold } from '../../../daemon/panic-hold.ts';
import { PortsFollower } from '../../../daemon/ports-follower.ts';
import { Engine } from '../../../engine/loop/engine.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import type { FlowTable } from '../../../engine/model/flow-table.ts';
import type { FlowId } from '../../../engine/model/flow-id.ts';
import type { FlowLookup, FoundFlow } from '../../../engine/ports/flow-lookup.ts';
import type { FlowSource, ReadCost } from '../../../engine/ports/flow-source.ts';
import { HostWatch } from '../../../telemetry/host-watch.ts';
import { Observer } from '../../../telemetry/observer.ts';
import { FakeHost, FakePorts } from '../../support/fake-sources.ts';
import { anyFrom, flowId, outputTo } from '../../support/flows.ts';
import { ScriptEvaluator } from '../../support/script-evaluator.ts';
import { type Call, Device, DeviceBackend, type PlantedFault } from './device.ts';
import { FLOWS, LEASE_MS, type Spec, type Version } from './spec.ts';

/** Real time; a reading that a killed process has abandoned keeps its timer. */
const TIMEOUT_MS = 3_000;
const LOG = pino({ level: 'silent' });

/** The file of the hold, which outlives daemons. */
class HoldInMemory {
  readonly path = 'memory';
  #since: string | undefined;
  readonly #forgets: boolean;

  constructor(forgets: boolean) {
    this.#forgets = forgets;
  }

  async read(): Promise<string | undefined> {
    return this.#forgets ? undefined : this.#since;
  }

  async write(since: string): Promise<void> {
    this.#since = since;
  }

  async remove(): Promise<void> {
    this.#since = undefined;
  }
}

/** The vSwitch's flows as one daemon reads them: request, snapshot and reply are separate steps. */
class StepwiseSource implements FlowSource {
  readonly name = 'flows';
  readonly #spec: Spec;
  readonly #arrive: (call: Call) => Promise<void>;
  readonly #fault: PlantedFault | undefined;
  #reading:
    | {
        readonly askedAtMs: number;
        flows?: ReadonlyMap<number, Version>;
        readonly reply: (flows: ReadonlyMap<number, Version>) => void;
        readonly fail: (error: Error) => void;
      }
    | undefined;

  constructor(spec: Spec, arrive: (call: Call) => Promise<void>, fault: PlantedFault | undefined) {
    this.#spec = spec;
    this.#arrive = arrive;
    this.#fault = fault;
  }

  async read(table: FlowTable): Promise<ReadCost> {
    const flows = await new Promise<ReadonlyMap<number, Version>>((reply, fail) => {
      this.#reading = { askedAtMs: this.#spec.clock.now(), reply, fail };
    });
    await this.#arrive('reply');
    if (this.#fault === 'verified-at-the-reply') table.begin(this.#spec.clock.now());
    for (const [n, version] of flows) {
      if (version === undefined) continue;
      const row = table.rowOf(flowId(n));
      const actions = outputTo(`v${version}`);
      if (row < 0) table.observe(table.add(flowId(n), anyFrom(`vm${n}`), actions), 0, 0, 0);
      else {
        if (JSON.stringify(table.actionsAt(row)) !== JSON.stringify(actions)) {
          table.setActions(row, actions);
        }
        table.observe(row, 0, 0, 0);
      }
    }
    return { sourceMs: 1, flows: flows.size, skipped: 0, firstSkipped: undefined };
  }

  /** The vSwitch builds its reply. */
  serve(): void {
    if (this.#reading === undefined) return;
    this.#reading.flows ??= this.#spec.dump(this.#reading.askedAtMs);
  }

  /** The reply arrives, if it has been built. */
  reply(): void {
    const { flows, reply } = this.#reading ?? {};
    if (flows === undefined) return;
    this.#reading = undefined;
    reply?.(flows);
  }

  fail(): void {
    this.#reading?.fail(new Error('vswitchd is gone'));
    this.#reading = undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Reads single flows as one daemon does; each is a step. */
class StepwiseLookup implements FlowLookup {
  readonly name = 'lookup';
  readonly maxFlows = 1;
  readonly #spec: Spec;
  readonly #arrive: (call: Call) => Promise<void>;
  readonly #fault: PlantedFault | undefined;
  #reading:
    | { readonly n: number; version?: { readonly found: Version }; readonly answer: Answer }
    | undefined;

  constructor(spec: Spec, arrive: (call: Call) => Promise<void>, fault: PlantedFault | undefined) {
    this.#spec = spec;
    this.#arrive = arrive;
    this.#fault = fault;
  }

  async read([id]: readonly FlowId[]): Promise<readonly (FoundFlow | undefined)[]> {
    const n = id.w3;
    const isSkipped = this.#fault === 'one-flow-skipped' && n === FLOWS[0];
    const version = isSkipped
      ? this.lastRead(n)
      : await new Promise<Version>((resolve, reject) => {
          this.#reading = { n, answer: { resolve, reject } };
        });
    await this.#arrive('lookup');
    if (version === undefined) return [undefined];
    return [{ match: anyFrom(`vm${n}`), actions: outputTo(`v${version}`) }];
  }

  /** What the last reading said of a flow; for the planted fault. */
  lastRead: (n: number) => Version = () => undefined;

  /** The vSwitch reads the flow. */
  serve(): void {
    const reading = this.#reading;
    if (reading !== undefined) reading.version ??= { found: this.#spec.lookUp(reading.n) };
  }

  /** The answer arrives, if there is one. */
  reply(): void {
    const { version, answer } = this.#reading ?? {};
    if (version === undefined) return;
    this.#reading = undefined;
    answer?.resolve(version.found);
  }

  fail(): void {
    this.#reading?.answer.reject(new Error('vswitchd is gone'));
    this.#reading = undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Answer {
  readonly resolve: (version: Version) => void;
  readonly reject: (error: Error) => void;
}

/** The ports as reported to one daemon. */
class Ports extends FakePorts {
  snapshot: PortSnapshot;

  constructor(snapshot: PortSnapshot) {
    super();
    this.snapshot = snapshot;
  }

  override current(): PortSnapshot {
    return this.snapshot;
  }
}

/** The parts of one daemon that the lease depends on, wired as in daemon/loop.ts. */
class Daemon {
  readonly source: StepwiseSource;
  readonly lookup: StepwiseLookup;
  readonly ports: Ports;
  readonly hold: PanicHold;
  readonly #engine: Engine;
  readonly #observer: Observer;
  readonly #follower: PortsFollower;
  readonly #renewer: LeaseRenewer;
  readonly #signal = new AbortController().signal;
  readonly #fault: PlantedFault | undefined;
  readonly #spec: Spec;
  readonly #backend: DeviceBackend;
  #busy = false;
  #checking = false;
  #renewing = false;

  constructor(world: World, arrive: (call: Call) => Promise<void>, hold: HoldInMemory) {
    const { spec, device, fault } = world;
    const { clock } = spec;
    this.#fault = fault;
    this.#spec = spec;
    this.lookup = new StepwiseLookup(spec, arrive, fault);
    this.source = new StepwiseSource(spec, arrive, fault);
    this.ports = new Ports(world.portSnapshot());
    const backend = new DeviceBackend(device, arrive, fault);
    this.#backend = backend;
    const times = { periodMs: 100, timeoutMs: TIMEOUT_MS };
    const host = new HostWatch({ host: new FakeHost(), ports: this.ports, clock, ...times });
    this.#observer = new Observer({
      flows: this.source,
      ports: this.ports,
      host,
      backends: [backend],
      clock,
      period: { periodMs: 100, maxPeriodMs: 2_000, sourceShare: 0.1 },
      timeoutMs: TIMEOUT_MS,
      smoothingMs: 1_000,
    });
    this.#engine = new Engine({
      evaluator: new ScriptEvaluator(),
      planner: { minHoldMs: 0, operations: { perSecond: 1e6, burst: 1e6 } },
      backends: [backend],
      clock,
      auditMs: 3_000,
      lookup: this.lookup,
    });
    this.lookup.lastRead = (n) => {
      const { table } = this.#observer;
      const [action] = table.actionsAt(table.rowOf(flowId(n)));
      return action?.kind === 'output' ? Number(action.port.slice(1)) : undefined;
    };
    this.hold = new PanicHold({
      engine: this.#engine,
      table: () => this.#observer.table,
      file: hold,
      wall: () => clock.now(),
      log: LOG,
      onRelease: () => undefined,
    });
    this.#follower = new PortsFollower(async (ports) => {
      await this.#engine.portsChanged(ports, this.#observer.table);
    });
    this.#renewer = new LeaseRenewer(this.#engine, backend, clock);
  }

  async start(): Promise<void> {
    await this.hold.restore();
    if (this.#engine.held) void this.#engine.onloadAll(this.#observer.table).catch(() => undefined);
    this.#follower.changed(this.ports.current());
  }

  /** Asks the vSwitch for its flows and handles the tick, unless a round is running. */
  ask(): void {
    if (this.#busy) return;
    this.#busy = true;
    void this.#round().finally(() => (this.#busy = false));
  }

  /** Compares the entries with their flows, each read alone, unless a check is running. */
  check(): void {
    if (this.#checking || !this.ports.connected()) return;
    this.#checking = true;
    void this.#checkEntries()
      .catch(() => undefined)
      .finally(() => (this.#checking = false));
  }

  async #checkEntries(): Promise<void> {
    const report = await this.#engine.checkEntries(this.#observer.table, this.#signal);
    if (this.#fault !== 'verified-at-the-last-flow' || report?.complete !== true) return;
    this.#engine.verificationOf(this.#backend)?.recordComparison(this.#spec.clock.now(), 0);
  }

  portsChanged(snapshot: PortSnapshot): void {
    this.ports.snapshot = snapshot;
    this.#follower.changed(snapshot);
  }

  renew(): void {
    if (this.#renewing) return;
    this.#renewing = true;
    void this.#renewer.renew().finally(() => (this.#renewing = false));
  }

  async #round(): Promise<void> {
    const tick = await this.#observer.observe(this.#signal);
    if (this.#follower.behind) this.#follower.retry();
    const fresh = tick.fresh && !this.#follower.behind;
    const atReply = this.#fault === 'verified-at-the-reply';
    const portsSeenAtMs = atReply ? tick.atMs : tick.portsSeenAtMs;
    await this.#engine.onTick({ ...tick, portsSeenAtMs, fresh }, this.#signal);
  }
}

/** A node in simulated time: the vSwitch, its database, the device, and one daemon after another. */
export class World {
  readonly spec: Spec;
  readonly device: Device;
  readonly fault: PlantedFault | undefined;
  readonly #hold: HoldInMemory;
  #daemon: Daemon | undefined;
  #databaseUp = true;
  #vswitchUp = true;
  #stopAt: Call | undefined;
  /** Resolves when the process continues; undefined while it runs. */
  #stopped: { readonly promise: Promise<void>; readonly resume: () => void } | undefined;

  constructor(spec: Spec, fault: PlantedFault | undefined) {
    this.spec = spec;
    this.fault = fault;
    this.device = new Device(spec, LEASE_MS, fault);
    this.#hold = new HoldInMemory(fault === 'panic-forgotten');
  }

  /** Ports without a limit. */
  portSnapshot(): PortSnapshot {
    const open = FLOWS.filter((flow) => !this.spec.isLimited(flow));
    return new Map(open.map((flow) => [`vm${flow}`, portInfo(`vm${flow}`)]));
  }

  /** Starts a daemon; an earlier one is killed. */
  async start(): Promise<void> {
    this.cont();
    let alive = true;
    const arrive = async (call: Call): Promise<void> => {
      if (this.#stopAt === call) {
        this.#stopAt = undefined;
        this.stop();
      }
      while (this.#stopped !== undefined) await this.#stopped.promise;
      // A killed process does nothing more.
      if (!alive) await new Promise(() => undefined);
    };
    this.#kill();
    this.#kill = () => (alive = false);
    this.#daemon = new Daemon(this, arrive, this.#hold);
    this.#daemon.ports.reporting = this.#databaseUp;
    this.#daemon.ports.synced = this.#databaseUp;
    await this.#daemon.start();
    await this.settle();
  }

  #kill: () => void = () => undefined;

  get #running(): Daemon | undefined {
    return this.#stopped === undefined ? this.#daemon : undefined;
  }

  ask(): void {
    this.#running?.ask();
    if (!this.#vswitchUp) this.#running?.source.fail();
  }

  serve(): void {
    if (this.#vswitchUp) this.#daemon?.source.serve();
  }

  reply(): void {
    if (this.#vswitchUp) this.#running?.source.reply();
  }

  check(): void {
    this.#running?.check();
    if (!this.#vswitchUp) this.#running?.lookup.fail();
  }

  /** The vSwitch reads the flow that a check asks for. */
  lookUp(): void {
    if (this.#vswitchUp) this.#daemon?.lookup.serve();
  }

  /** The answer arrives, and the next flow is asked for. */
  answer(): void {
    if (this.#vswitchUp) this.#running?.lookup.reply();
  }

  renew(): void {
    this.#running?.renew();
  }

  vswitch(up: boolean): void {
    this.#vswitchUp = up;
    if (up) return;
    this.#daemon?.source.fail();
    this.#daemon?.lookup.fail();
  }

  database(up: boolean): void {
    this.#databaseUp = up;
    this.#followDatabase();
  }

  limit(flow: number, limited: boolean): void {
    this.spec.limit(flow, limited);
    this.#followDatabase();
  }

  stop(): void {
    if (this.#stopped !== undefined) return;
    let resume: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => (resume = resolve));
    this.#stopped = { promise, resume };
  }

  /** Stops the process when it arrives at a call. */
  stopAt(call: Call): void {
    this.#stopAt = call;
  }

  cont(): void {
    const stopped = this.#stopped;
    this.#stopped = undefined;
    stopped?.resume();
    this.#followDatabase();
  }

  press(): void {
    const daemon = this.#running;
    if (daemon === undefined) return;
    const promise = (): void => {
      if (daemon === this.#daemon) this.spec.heldForSure = daemon.hold.since !== undefined;
    };
    void daemon.hold.press().then(promise, promise);
  }

  release(): void {
    if (this.#running === undefined) return;
    this.spec.heldForSure = false;
    void this.#running.hold.release();
  }

  /** Lets everything happen that does not wait for a step. */
  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) await turn();
  }

  #followDatabase(): void {
    const daemon = this.#running;
    if (daemon === undefined) return;
    daemon.ports.reporting = this.#databaseUp;
    daemon.ports.synced = this.#databaseUp;
    if (this.#databaseUp) daemon.portsChanged(this.portSnapshot());
  }
}

function portInfo(name: string): PortInfo {
  const none = { mac: undefined, vm: undefined, slice: undefined, linkBitsPerSecond: undefined };
  const limits = { shaped: false, policed: false };
  return { name, uuid: name, ifindex: 1, bridge: 'br0', kind: 'vm', ...none, ...limits };
}
