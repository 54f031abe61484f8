import type { FlowActions } from './action.ts';
import { resizedU8 } from './columns.ts';
import { type FlowMatch, isLaterPass } from './match.ts';
import { poppedPort } from './tunnel-port.ts';

/**
 * Which rows are of packets that have passed another datapath flow before, so that the flow by which
 * they entered the vSwitch has counted them, too: packets that were recirculated, and in the userspace datapath
 * those out of a tunnel. The kernel's datapath gets packets out of a tunnel from a device, once.
 */
export class LaterPasses {
  /** Ports by which packets enter after a flow has taken them out of a tunnel. */
  readonly #inside = new Set<string>();
  #isLater = new Uint8Array(0);

  /** True for a row of such packets. */
  has(row: number): boolean {
    return this.#isLater[row] === 1;
  }

  /** The flow of a row is new, or has another match. */
  startFlow(row: number, match: FlowMatch): void {
    const isInside = this.#inside.size > 0 && this.#inside.has(match.inPort);
    this.#isLater[row] = Number(isInside || isLaterPass(match));
  }

  /**
   * The actions of a row are new.
   *
   * @param rows number of rows that can have a flow
   * @param matchAt match of a row's flow
   */
  startActions(actions: FlowActions, rows: number, matchAt: (row: number) => FlowMatch): void {
    for (const action of actions) {
      const port = poppedPort(action);
      if (port === undefined || this.#inside.has(port)) continue;
      this.#inside.add(port);
      for (let row = 0; row < rows; row++) this.startFlow(row, matchAt(row));
    }
  }

  resize(rows: number): void {
    this.#isLater = resizedU8(this.#isLater, rows);
  }
}
