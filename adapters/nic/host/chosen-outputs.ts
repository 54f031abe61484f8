import type { TunnelMatch } from '../../../engine/model/match.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { PushedTunnel } from '../core/action-codec.ts';
import type { Outputs } from '../core/hook.ts';
import type { PacketKind } from '../core/match-codec.ts';
import type { ServedPort } from '../core/served-port.ts';
import type { ChosenHooks } from './chosen-hooks.ts';

/**
 * Where packets can be redirected to, by the hook of the port that they enter by. Both ports of a
 * flow have the same datapath, and so the same hook: patch ports do not connect datapaths.
 */
export class ChosenOutputs implements Outputs {
  readonly #hooks: ChosenHooks;

  constructor(hooks: ChosenHooks) {
    this.#hooks = hooks;
  }

  async refresh(): Promise<void> {
    const failures: unknown[] = [];
    for (const { outputs } of this.#hooks.all) {
      try {
        await outputs.refresh();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  matchRefusal(kind: PacketKind, input: ServedPort): Refusal | undefined {
    return this.#of(input).matchRefusal(kind, input);
  }

  arrivalRefusal(tunnel: TunnelMatch, input: ServedPort): Refusal | undefined {
    return this.#of(input).arrivalRefusal(tunnel, input);
  }

  tunnelRefusal(tunnel: PushedTunnel, input: ServedPort, target: ServedPort): Refusal | undefined {
    return this.#of(input).tunnelRefusal(tunnel, input, target);
  }

  targetRefusal(input: ServedPort, target: ServedPort): Refusal | undefined {
    return this.#of(input).targetRefusal(input, target);
  }

  lost(ifindex: number): boolean {
    return this.#hooks.ofIfindex(ifindex)?.outputs.lost(ifindex) ?? false;
  }

  suspended(portId: number): string | undefined {
    for (const { outputs } of this.#hooks.all) {
      const why = outputs.suspended(portId);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  forget(portId: number): void {
    for (const { outputs } of this.#hooks.all) outputs.forget(portId);
  }

  watch(onChange: () => void): void {
    for (const { outputs } of this.#hooks.all) outputs.watch(onChange);
  }

  #of({ name, input }: ServedPort): Outputs {
    return this.#hooks.at(input.hook, name).outputs;
  }
}
