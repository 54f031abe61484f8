import { formatFlowId } from '../../engine/model/flow-id.ts';
import type { FlowTable } from '../../engine/model/flow-table.ts';
import type { FlowSource, ReadCost } from '../../engine/ports/flow-source.ts';
import { type Faults, InjectedFault } from './faults.ts';
import { NONE } from './flow-store.ts';
import type { Simulation } from './simulation.ts';

/** Main-loop time of vswitchd per dumped flow, ms; measured on OVS 3.1. */
const SOURCE_MS_PER_FLOW = 0.015;

/** The megaflows of the emulated vSwitch. */
export class EmulatedFlowSource implements FlowSource {
  readonly name = 'emulated-vswitch';
  readonly #simulation: Simulation;
  readonly #faults: Faults;

  constructor(simulation: Simulation, faults: Faults) {
    this.#simulation = simulation;
    this.#faults = faults;
  }

  async read(table: FlowTable, signal: AbortSignal): Promise<ReadCost> {
    const fault = await this.#faults.pass('flows.read', signal);
    const nowMs = this.#simulation.advance();
    const { flows } = this.#simulation;
    const { words } = flows;
    let read = 0;
    let skipped = 0;
    let firstSkipped: string | undefined;
    for (let row = 0; row < flows.used; row++) {
      if (flows.listed[row] === 0) continue;
      if (fault?.kind === 'truncate' && row * 2 >= flows.used) {
        throw new InjectedFault(`the dump ended after ${read} flows`);
      }
      if (fault?.kind === 'garble' && row % 2 === 1) {
        skipped++;
        firstSkipped ??= `ufid:${formatFlowId(flows.idAt(row))}, #?`;
        continue;
      }
      const at = row * 4;
      let known = table.find(words[at], words[at + 1], words[at + 2], words[at + 3]);
      if (known === NONE) {
        known = table.add(flows.idAt(row), flows.matches[row], flows.actions[row]);
      } else if (table.actionsAt(known) !== flows.actions[row]) {
        table.setActions(known, flows.actions[row]);
      }
      table.observe(known, flows.packets[row], flows.bytes[row], nowMs - flows.usedAtMs[row]);
      read++;
    }
    return { sourceMs: (read + skipped) * SOURCE_MS_PER_FLOW, flows: read, skipped, firstSkipped };
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }
}
