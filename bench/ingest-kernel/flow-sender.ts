import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

/** What the thread sends from, and to. */
export interface SenderData {
  readonly namespace: string;
  readonly receiverMac: string;
  /** Time between two packets of a flow, ms. */
  readonly gapMs: number;
}

/** Input of the thread: the flow to send in place of the one before, or none. */
export interface SenderCommand {
  readonly flow: number | undefined;
}

/** The MAC address that the packets of a flow come from. */
export function sourceMac(flow: number): string {
  return `02:77:00:00:00:${flow.toString(16).padStart(2, '0')}`;
}

/** Sends one flow at a time from a thread of its own, so that a busy event loop does not delay packets. */
export class FlowSender {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Resolves when the thread is ready. */
  static async start(data: SenderData): Promise<FlowSender> {
    const file = fileURLToPath(new URL('flow-sender-thread.js', import.meta.url));
    const worker = new Worker(file, { workerData: data });
    await once(worker, 'message');
    return new FlowSender(worker);
  }

  /** Begins to send a flow. Resolves to when its first packet left, ms of CLOCK_MONOTONIC. */
  async send(flow: number): Promise<number> {
    const answered = once(this.#worker, 'message');
    this.#command({ flow });
    const [atMs]: unknown[] = await answered;
    return Number(atMs);
  }

  /** Ends the flow that is being sent. */
  pause(): void {
    this.#command({ flow: undefined });
  }

  #command(command: SenderCommand): void {
    this.#worker.postMessage(command, []);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
