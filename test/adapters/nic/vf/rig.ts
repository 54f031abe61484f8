import { FilterKeeper } from '../../../../adapters/nic/ntuple/keeper/filter-keeper.ts';
import type { VfOptions, VfVm } from '../../../../adapters/nic/vf/options.ts';
import { VfBackend } from '../../../../adapters/nic/vf/vf-backend.ts';
import { type VfControl, VfDevice } from '../../../../adapters/nic/vf/vf-device.ts';
import { monotonicMs } from '../../../../async/monotonic.ts';
import type { PortInfo } from '../../../../engine/model/port.ts';
import type {
  VirtualFunction,
  VirtualFunctionSettings,
} from '../../../../protocols/netlink/link/virtual-functions.ts';
import type { HostSession } from '../../../../protocols/guest-channel/host/host-session.ts';
import type {
  GuestSession,
  GuestSessions,
} from '../../../../protocols/guest-channel/host/session.ts';
import { MODEL_DEVICES, ModelGuest } from '../../../support/guest/model-guest.ts';
import { FakeFilterDevice } from '../ntuple/fake-filter-device.ts';
import { MemoryJournal, portNamed } from '../ntuple/rig.ts';

/** Virtual functions in memory; each change is recorded. */
export class FakeVfControl implements VfControl {
  readonly functions = new Map<number, VirtualFunction>();
  readonly log: string[];
  /** Settings that are refused, by name, with the errno. */
  readonly refused = new Map<keyof VirtualFunction, number>();

  constructor(vms: readonly VfVm[], log: string[]) {
    this.log = log;
    for (const { vf, vfMac } of vms) {
      this.functions.set(vf, {
        number: vf,
        mac: vfMac,
        vlan: 0,
        spoofCheck: true,
        linkState: 'disable',
        maxTxMbps: 0,
      });
    }
  }

  async read(): Promise<readonly VirtualFunction[]> {
    return [...this.functions.values()];
  }

  async receive(mac: string, how: 'yes' | 'no'): Promise<number> {
    this.log.push(`PF receives ${mac}: ${how}`);
    return 0;
  }

  async set(vf: number, settings: VirtualFunctionSettings): Promise<number> {
    const before = this.functions.get(vf);
    if (before === undefined) return 19;
    for (const [name, errno] of this.refused) if (name in settings) return errno;
    this.functions.set(vf, { ...before, ...settings });
    this.log.push(...Object.entries(settings).map(([name, value]) => `VF ${vf} ${name} ${value}`));
    return 0;
  }
}

/** Sessions that the test begins and ends. */
export class FakeSessions implements GuestSessions {
  readonly #found = new Map<string, GuestSession>();
  readonly #listeners = new Set<() => void>();

  find(guest: string): GuestSession | undefined {
    return this.#found.get(guest);
  }

  get sessions(): readonly GuestSession[] {
    return [...this.#found.values()];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(guest: string, session: GuestSession | undefined): void {
    if (session === undefined) this.#found.delete(guest);
    else this.#found.set(guest, session);
    const changed = (): void => {
      for (const listener of this.#listeners) listener();
    };
    session?.listen({ lost: changed, leaving: changed, ended: changed });
    changed();
  }
}

/** A VM of the rig: VF n - 1 for port `vm<n>`. */
export function vmNumbered(n: number, settings: Partial<VfVm> = {}): VfVm {
  return {
    port: `vm${n}`,
    guest: `vm${n}`,
    vf: n - 1,
    vfMac: VF_MAC,
    vlan: 0,
    maxTxMbps: 0,
    trustGuest: false,
    ...settings,
  };
}

const [{ mac: GUEST_MAC }, { mac: VF_MAC }] = MODEL_DEVICES;

/** A NIC with virtual functions in memory, and guests with the real agent. */
export class VfRig {
  /** What NIC and guests did, in order. */
  readonly log: string[] = [];
  readonly ports: Map<string, PortInfo>;
  readonly filters: FakeFilterDevice;
  readonly control: FakeVfControl;
  readonly sessions = new FakeSessions();
  readonly guests = new Map<string, ModelGuest>();
  readonly options: VfOptions;
  readonly guestMac = GUEST_MAC;
  readonly keeper: FilterKeeper;
  readonly backend: VfBackend;

  /** What the backend has logged. */
  readonly logged: string[] = [];
  /** Added to CLOCK_MONOTONIC, ms. */
  aheadMs = 0;

  /** @param choosesLocations the NIC chooses the places of receive filters */
  constructor(
    options: Partial<VfOptions> & Pick<VfOptions, 'vms' | 'steering'>,
    choosesLocations = true,
  ) {
    this.options = {
      uplink: 'p0',
      entries: 128,
      leaseMs: 60_000,
      addressesAreUnique: true,
      drainMs: 0,
      ...options,
    };
    const { vms, entries, steering } = this.options;
    const names = ['p0', ...vms.map(({ port }) => port)];
    this.ports = new Map(
      names.map((name, n) => [name, { ...portNamed(name, 10 + n), mac: GUEST_MAC }]),
    );
    this.filters = new FakeFilterDevice({ places: entries, choosesLocations });
    this.control = new FakeVfControl(vms, this.log);
    const filters = steering === 'ntuple' ? this.filters : undefined;
    this.keeper = new FilterKeeper({
      name: 'p0',
      device: new VfDevice(this.control, vms, filters),
      journal: new MemoryJournal(),
    });
    this.backend = new VfBackend(this.options, {
      writer: this.keeper,
      sessions: this.sessions,
      log: (line) => this.logged.push(line),
      nowMs: () => monotonicMs() + this.aheadMs,
      ...(filters === undefined ? {} : { filters }),
    });
  }

  /** The agent of a guest connects. */
  async connect(name: string, vfMac: string = VF_MAC): Promise<HostSession> {
    const guest = new ModelGuest(undefined, [
      MODEL_DEVICES[0],
      { ...MODEL_DEVICES[1], mac: vfMac },
    ]);
    guest.hostMs = monotonicMs();
    const session = await guest.session();
    const { steps } = guest.rules;
    // One list for the order of all.
    steps.push = (...lines: string[]) => this.log.push(...lines.map((line) => `${name} ${line}`));
    this.guests.set(name, guest);
    this.sessions.set(name, session);
    return session;
  }
}
