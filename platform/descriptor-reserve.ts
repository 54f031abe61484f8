import type { FileHandle } from 'node:fs/promises';
import { errorMessage } from '../text/error-message.ts';
import { descriptorLimit, openDescriptors, openSpares } from './descriptors.ts';
import type { Log } from './log.ts';

/** Descriptors in reserve: enough for the control socket and what its commands open. */
const RESERVE = 16;
/** The reserve is released when fewer than this many other descriptors are free. */
const MIN_FREE = 8;
/** The reserve is taken again when this many descriptors are free. */
const RECOVERED_FREE = 2 * (RESERVE + MIN_FREE);
/** Period in which the open descriptors are counted, ms. */
const PERIOD_MS = 250;

/** Options of {@link DescriptorReserve.start}. */
export interface DescriptorReserveOptions {
  readonly log: Log;
  /** Called when descriptors run short, and when there are enough again. */
  readonly onChange: (short: boolean) => void;
}

/**
 * Keeps file descriptors in reserve and releases them when all others are in use, so that the control
 * socket can accept a connection: without a free descriptor, the system closes it at once.
 */
export class DescriptorReserve {
  readonly #options: DescriptorReserveOptions;
  readonly #limit: number;
  #spares: FileHandle[] = [];
  #short = false;
  #busy: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: DescriptorReserveOptions, limit: number) {
    this.#options = options;
    this.#limit = limit;
  }

  /** Takes the reserve and starts to count the open descriptors. */
  static async start(options: DescriptorReserveOptions): Promise<DescriptorReserve> {
    const reserve = new DescriptorReserve(options, await descriptorLimit());
    if (Number.isFinite(reserve.#limit)) {
      reserve.#spares = await openSpares(RESERVE);
      reserve.#schedule();
    }
    return reserve;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#busy;
    clearTimeout(this.#timer);
    await this.#release();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#busy = this.#check().catch((error: unknown) => {
        this.#options.log.warn({ error: errorMessage(error) }, 'cannot count file descriptors');
      });
      void this.#busy.then(() => this.#schedule());
    }, PERIOD_MS);
    this.#timer.unref();
  }

  async #check(): Promise<void> {
    const free = this.#limit - (await openDescriptors());
    if (!this.#short && free < MIN_FREE) {
      await this.#release();
      this.#change(true);
    } else if (this.#short && free >= RECOVERED_FREE) {
      this.#spares = await openSpares(RESERVE);
      this.#change(false);
    }
  }

  #change(short: boolean): void {
    const { log, onChange } = this.#options;
    this.#short = short;
    if (short) {
      log.error(
        { limit: this.#limit },
        'file descriptors are used up; only the control socket accepts connections. Raise the limit ' +
          '(LimitNOFILE) or find out what holds them (ls -l /proc/PID/fd)',
      );
    } else {
      log.info({ limit: this.#limit }, 'file descriptors are free again');
    }
    onChange(short);
  }

  async #release(): Promise<void> {
    const spares = this.#spares.splice(0);
    await Promise.all(spares.map((spare) => spare.close()));
  }
}
