import type { Hook, HookedDevice, OtherHooks } from '../core/hook.ts';
import type { ChosenHooks } from './chosen-hooks.ts';

/** Programs, filters and chains on a device that the hook chosen for it would bypass. */
export class ChosenOtherHooks implements OtherHooks {
  readonly #hooks: ChosenHooks;

  constructor(hooks: ChosenHooks) {
    this.#hooks = hooks;
  }

  async refresh(devices: Iterable<HookedDevice>): Promise<void> {
    const all = [...devices];
    this.#hooks.follow(all);
    const failures: unknown[] = [];
    for (const hook of this.#hooks.all) {
      // Also without devices: after a failure of the other one, its state must not stay that of before.
      try {
        await hook.otherHooks.refresh(all.filter((device) => this.#isServedBy(hook, device)));
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  on(device: HookedDevice): string | undefined {
    const hook = this.#hooks.ofIfindex(device.ifindex);
    return hook === undefined ? 'its device is not known yet' : hook.otherHooks.on(device);
  }

  watch(devices: () => readonly HookedDevice[], onChange: () => void): void {
    for (const hook of this.#hooks.all) {
      const own = () => devices().filter((device) => this.#isServedBy(hook, device));
      hook.otherHooks.watch(own, onChange);
    }
  }

  #isServedBy(hook: Hook, { ifindex }: HookedDevice): boolean {
    return this.#hooks.ofIfindex(ifindex) === hook;
  }
}
