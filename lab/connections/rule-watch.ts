import type { ManagedProcess } from '../testbed/managed-process.ts';
import type { SceneSwitch } from './scene.ts';

const START_MS = 10_000;

/** Notes when the OpenFlow rules of a bridge change (`ovs-ofctl monitor`). */
export class RuleWatch {
  readonly #process: ManagedProcess;
  #firstChangeMs: number | undefined;

  private constructor(process: ManagedProcess) {
    this.#process = process;
    process.onLine((line) => {
      if (/\bevent=(ADDED|DELETED|MODIFIED)\b/.test(line)) this.#firstChangeMs ??= Date.now();
    });
  }

  /** Resolves when later changes are noted. */
  static async start({ ovs }: Pick<SceneSwitch, 'ovs'>, bridge: string): Promise<RuleWatch> {
    const args = ['monitor', bridge, 'watch:!initial'];
    const process = await ovs.host.spawn('ovs-ofctl monitor', 'ovs-ofctl', args, ovs.env);
    await process.waitForLine((line) => line.includes('FLOW_MONITOR'), START_MS, 'watch');
    return new RuleWatch(process);
  }

  /** When the first change was seen, ms of the wall clock; undefined before. */
  get firstChangeMs(): number | undefined {
    return this.#firstChangeMs;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}
