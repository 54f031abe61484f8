import type { Attached } from '../core/attached.ts';
import type { Attachment } from '../core/hook.ts';
import type { ChosenHooks } from './chosen-hooks.ts';

/** Attaches each device's program at the hook that serves the device, and at no other. */
export class ChosenAttachment implements Attachment {
  readonly #hooks: ChosenHooks;

  constructor(hooks: ChosenHooks) {
    this.#hooks = hooks;
  }

  async canAttachLive(name: string): Promise<boolean> {
    return this.#hooks.ofName(name).attachment.canAttachLive(name);
  }

  async maxBytes(name: string): Promise<number> {
    return this.#hooks.ofName(name).attachment.maxBytes(name);
  }

  async expected(name: string, ifindex: number): Promise<Attached> {
    return this.#hooks.ofName(name).attachment.expected(name, ifindex);
  }

  async prepare(name: string, ifindex: number): Promise<void> {
    await this.#hooks.ofIfindex(ifindex)?.attachment.prepare(name, ifindex);
  }

  forget(ifindex: number): void {
    for (const { attachment } of this.#hooks.all) attachment.forget(ifindex);
  }

  /** Detaches from the other hooks first: no packet is to be carried twice. */
  async attach(name: string, ifindex: number): Promise<Attached> {
    const hook = this.#hooks.ofName(name);
    for (const other of this.#hooks.othersThan(hook)) await other.attachment.detach(ifindex);
    return hook.attachment.attach(name, ifindex);
  }

  async isAttached(ifindex: number): Promise<boolean> {
    return (await this.#hooks.ofIfindex(ifindex)?.attachment.isAttached(ifindex)) ?? false;
  }

  async isElsewhere(ifindex: number): Promise<boolean> {
    for (const other of this.#hooks.othersThan(this.#hooks.ofIfindex(ifindex))) {
      if (await other.attachment.isAttached(ifindex)) return true;
    }
    return false;
  }

  async detach(ifindex: number): Promise<void> {
    for (const { attachment } of this.#hooks.all) await attachment.detach(ifindex);
  }

  async unpinDetached(ifindex: number): Promise<void> {
    for (const { attachment } of this.#hooks.all) await attachment.unpinDetached(ifindex);
  }
}
