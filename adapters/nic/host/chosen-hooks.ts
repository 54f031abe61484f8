import type { PortInfo } from '../../../engine/model/port.ts';
import type { HookName } from '../core/attached.ts';
import { PortUnusable } from '../core/errors.ts';
import type { Hook, HookedDevice } from '../core/hook.ts';
import { chooseHook, type HookFacts } from './choice.ts';

/** The hooks of a host that are open. */
export type OpenHooks = ReadonlyMap<HookName, Hook>;

/** Which hook serves which device, as of the last report of the devices. */
export class ChosenHooks {
  readonly all: readonly Hook[];
  readonly #open: OpenHooks;
  readonly #facts: HookFacts;
  readonly #byName = new Map<string, HookName>();
  readonly #byIfindex = new Map<number, HookName>();

  constructor(open: OpenHooks, facts: HookFacts) {
    this.all = [...open.values()];
    this.#open = open;
    this.#facts = facts;
  }

  /** Chooses again, for the devices that there are now. */
  follow(devices: Iterable<HookedDevice>): void {
    this.#byName.clear();
    this.#byIfindex.clear();
    for (const device of devices) {
      const { hook } = chooseHook(device, this.#facts);
      this.#byName.set(device.name, hook);
      this.#byIfindex.set(device.ifindex, hook);
    }
  }

  /** The hook that serves a port. */
  for(port: Pick<PortInfo, 'name' | 'datapath'>): Hook {
    return this.at(chooseHook(port, this.#facts).hook, port.name);
  }

  /** The hook of that name. @throws {PortUnusable} if it is not open */
  at(hook: HookName | undefined, port: string): Hook {
    const open = hook === undefined ? undefined : this.#open.get(hook);
    if (open === undefined) throw new PortUnusable(port, 'which hook serves it is not known yet');
    return open;
  }

  /** The hook of a device. @throws {PortUnusable} if the device has not been reported */
  ofName(name: string): Hook {
    return this.at(this.#byName.get(name), name);
  }

  /** The same by ifindex; undefined if the device has not been reported. */
  ofIfindex(ifindex: number): Hook | undefined {
    const hook = this.#byIfindex.get(ifindex);
    return hook === undefined ? undefined : this.#open.get(hook);
  }

  /** The hooks except one. */
  othersThan(hook: Hook | undefined): readonly Hook[] {
    return this.all.filter((other) => other !== hook);
  }
}
