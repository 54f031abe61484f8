import { bypassRefusal } from '../../../engine/model/bypass.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { Refusal } from '../../../engine/model/refusal.ts';
import type { Outputs } from './hook.ts';
import type { ServedPort } from './served-port.ts';
import type { ServedPorts } from './served-ports.ts';

/** The ports of flows with the same input and output. */
export interface Route {
  /** Undefined when it is not served. */
  readonly input: ServedPort | undefined;
  /** Undefined when the packets are dropped, or the port is not served. */
  readonly target: ServedPort | undefined;
  /** Why packets of the input cannot be redirected to the target. */
  readonly unreachable: Refusal | undefined;
  /** Why the vSwitch has to see the packets. */
  readonly bypassed: Refusal | undefined;
}

/** The routes of flows, each computed once until the ports change. */
export class Routes {
  readonly #ports: ServedPorts;
  readonly #outputs: Pick<Outputs, 'targetRefusal'>;
  readonly #byInput = new Map<string, Map<string | undefined, Route>>();
  #version = -1;

  constructor(ports: ServedPorts, outputs: Pick<Outputs, 'targetRefusal'>) {
    this.#ports = ports;
    this.#outputs = outputs;
  }

  /** @param output name of the output port; undefined: the packets are dropped */
  of(flow: FlowSpec, output: string | undefined): Route {
    if (this.#version !== this.#ports.version) {
      this.#byInput.clear();
      this.#version = this.#ports.version;
    }
    const { inPort } = flow.match;
    let byOutput = this.#byInput.get(inPort);
    if (byOutput === undefined) this.#byInput.set(inPort, (byOutput = new Map()));
    let route = byOutput.get(output);
    if (route === undefined) byOutput.set(output, (route = this.#find(flow, output)));
    return route;
  }

  #find(flow: FlowSpec, output: string | undefined): Route {
    const ports = this.#ports;
    const input = ports.get(flow.match.inPort);
    const target = output === undefined ? undefined : ports.get(output);
    const isBetweenPorts = input !== undefined && target !== undefined;
    return {
      input,
      target,
      unreachable: isBetweenPorts ? this.#outputs.targetRefusal(input, target) : undefined,
      bypassed: bypassRefusal(flow, (name) => ports.info(name), ports.shortestLimitMs),
    };
  }
}
