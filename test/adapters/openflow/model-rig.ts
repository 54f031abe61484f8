import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenFlowBackend } from '../../../adapters/openflow/backend.ts';
import type { Version } from '../../../protocols/openflow/codec/version.ts';
import { MATCH10_ALL } from '../../../protocols/openflow/codec/match-of10.ts';
import type { OpenFlowOptions } from '../../../adapters/openflow/options.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { PortInfo, PortSnapshot } from '../../../engine/model/port.ts';
import { exactly, matchOn } from '../../support/match-fields.ts';
import { flowId } from '../../support/flows.ts';
import type { ModelRule } from '../../protocols/openflow/support/model-rules.ts';
import { ModelSwitch } from '../../protocols/openflow/support/model-switch.ts';

export const MODEL_PORTS = ['in', 'out', 'other', 'slow'] as const;

/** A backend on a model switch, and all that has to be ended afterwards. */
export class ModelRig {
  readonly model: ModelSwitch;
  readonly folder: string;
  readonly #made: OpenFlowBackend[] = [];
  readonly #uuids = new Map<string, number>(MODEL_PORTS.map((name) => [name, 1]));
  #next = 2;

  private constructor(model: ModelSwitch, folder: string) {
    this.model = model;
    this.folder = folder;
  }

  static async start(version: Version, bundles = version === 4): Promise<ModelRig> {
    const folder = await mkdtemp(join(tmpdir(), 'norikae-model-'));
    const model = new ModelSwitch({ version, bundles, ports: MODEL_PORTS });
    model.table.rules.push(controllersRule(version));
    await model.listen(join(folder, 'switch'));
    return new ModelRig(model, folder);
  }

  /** A backend that has not been started. */
  backend(over: Partial<OpenFlowOptions> = {}): OpenFlowBackend {
    const backend = new OpenFlowBackend({
      connection: {
        target: { kind: 'unix', path: join(this.folder, 'switch') },
        session: { timeoutMs: 400, echoAfterMs: 200, goneAfterMs: 600 },
        backoff: { minMs: 10, maxMs: 50 },
      },
      entrances: { in: { uplink: 'in', slow: 'slow' } },
      exits: { out: 'out', other: 'other' },
      entries: 128,
      priority: 40_000,
      cookieTag: 0x4e4b,
      leaseMs: 60_000,
      heartbeatMs: 0,
      pauseMs: 5,
      journal: join(this.folder, 'journal'),
      ...over,
    });
    this.#made.push(backend);
    return backend;
  }

  /** The vSwitch's ports, of the same names as the switch's. */
  ports(): PortSnapshot {
    const none = {
      mac: undefined,
      vm: undefined,
      slice: undefined,
      linkBitsPerSecond: undefined,
      shaped: false,
      policed: false,
    };
    return new Map(
      [...this.#uuids].map(([name, n]): [string, PortInfo] => [
        name,
        { ...none, name, uuid: `uuid-${n}`, ifindex: n, bridge: 'vswitch', kind: 'vm' },
      ]),
    );
  }

  removePort(name: string): void {
    this.#uuids.delete(name);
  }

  recreatePort(name: string): void {
    this.#uuids.set(name, this.#next++);
  }

  /** Sends packets of {@link modelFlow} `n`: where they come out; undefined for nowhere. */
  send(n: number, packets = 1): string | undefined {
    const udp = { eth_type: 0x0800, ip_proto: 17, udp_src: 5, udp_dst: 1000 + n };
    return this.model.packets({ in_port: 1, ipv4_src: 1, ipv4_dst: 2, ...udp }, packets);
  }

  async close(): Promise<void> {
    for (const backend of this.#made) await backend.close('keep');
    await this.model.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The main controller's one rule: everything goes to the vSwitch. */
function controllersRule(version: Version): ModelRule {
  const actions = [{ kind: 'output', port: 4, maxLen: 0 }] as const;
  return {
    priority: 1,
    cookie: 0xc0ffeen,
    match: version === 4 ? { kind: 'oxm', fields: [] } : MATCH10_ALL,
    instructions: [{ kind: 'apply-actions', actions }],
    hardTimeout: 0,
    setAtMs: 0,
    packets: 0,
    bytes: 0,
  };
}

/** A UDP flow from `in`. */
export function modelFlow(n: number, output = 'out'): FlowSpec {
  return {
    id: { ...flowId(n), w0: 0x2000 + n },
    match: matchOn(
      'in',
      exactly('eth_type', 0x0800),
      exactly('ip_proto', 17),
      exactly('ip_frag', 0),
      exactly('udp_dst', 1000 + n),
    ),
    actions: [{ kind: 'output', port: output }],
  };
}
