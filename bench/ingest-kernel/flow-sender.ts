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

/** Input of the thread. */
export type SenderCommand =
  /** To send a flow in place of the one before, or none. */
  | { readonly kind: 'send'; readonly flow: number | undefined }
  /** To send one packet of each of the flows that the vSwitch is to know. */
  | { readonly kind: 'known'; readonly flows: number };

/** The MAC address that the packets of a flow come from. */
export function sourceMac(flow: number): string {
  return `02:77:00:00:00:${flow.toString(16).padStart(2, '0')}`;
}

/** The MAC address that the packets of a known flow come from. */
export function knownMac(flow: number): string {
  return `02:88:00:00:${(flow >> 8).toString(16).padStart(2, '0')}:${(flow & 0xff).toString(16).padStart(2, '0')}`;
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
    return this.#command({ kind: 'send', flow });
  }

  /** Sends one packet of each of `flows` flows. Resolves when they have left. */
  async sendKnown(flows: number): Promise<void> {
    await this.#command({ kind: 'known', flows });
  }

  /** Ends the flow that is being sent. */
  pause(): void {
    const command: SenderCommand = { kind: 'send', flow: undefined };
    this.#worker.postMessage(command, []);
  }

  /** Resolves to the time of the answer. */
  async #command(command: SenderCommand): Promise<number> {
    const answered = once(this.#worker, 'message');
    this.#worker.postMessage(command, []);
    const [atMs]: unknown[] = await answered;
    return Number(atMs);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
