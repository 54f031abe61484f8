import type { FlowSpec } from '../../engine/model/flow.ts';
import type { PortSnapshot } from '../../engine/model/port.ts';
import { bypassRefusal } from '../../engine/model/bypass.ts';
import type { Refusal } from '../../engine/model/refusal.ts';
import type { Instructions } from '../../protocols/openflow/codec/instruction.ts';
import type { SwitchPorts } from '../../protocols/openflow/connection/switch-ports.ts';
import type { Cookies } from './cookies.ts';
import type { OpenFlowOptions, PortRef } from './options.ts';
import type { PortIdentity, RuleSpec } from './rule.ts';
import { toWireActions } from './translate/actions.ts';
import { instructionsKey, matchKey } from './translate/canonical.ts';
import type { Dialect } from './translate/dialect.ts';
import { toWireMatch } from './translate/match.ts';
import { Untranslatable } from './translate/refused.ts';

/** The properties of a switch that rules depend on. */
export interface SwitchInfo {
  readonly dialect: Dialect;
  readonly ports: SwitchPorts;
}

type TranslateResult =
  | { readonly ok: true; readonly rule: RuleSpec }
  | { readonly ok: false; readonly refusal: Refusal };

/** Translates flows to rules. */
export class Translator {
  readonly #options: Pick<OpenFlowOptions, 'entrances' | 'exits' | 'heartbeatMs'>;
  readonly #cookies: Cookies;

  constructor(
    options: Pick<OpenFlowOptions, 'entrances' | 'exits' | 'heartbeatMs'>,
    cookies: Cookies,
  ) {
    this.#options = options;
    this.#cookies = cookies;
  }

  /**
   * Translates a flow to its rule.
   *
   * @param vswitch the current ports of the vSwitch
   * @param switchInfo the switch; undefined: not connected yet, so every port is assumed to exist
   */
  translate(
    flow: FlowSpec,
    vswitch: PortSnapshot,
    switchInfo: SwitchInfo | undefined,
  ): TranslateResult {
    try {
      return { ok: true, rule: this.#rule(flow, vswitch, switchInfo) };
    } catch (error) {
      if (error instanceof Untranslatable) return { ok: false, refusal: error.refusal };
      throw error;
    }
  }

  /** Numbers of the switch's ports that rules may use and that are up. */
  usable(ports: SwitchPorts): ReadonlySet<number> {
    const refs = [
      ...Object.values(this.#options.entrances).map((e) => e.uplink),
      ...Object.values(this.#options.exits),
    ];
    return new Set(refs.flatMap((ref) => upPort(ports, ref) ?? []));
  }

  #rule(flow: FlowSpec, vswitch: PortSnapshot, switchInfo: SwitchInfo | undefined): RuleSpec {
    const { match, actions } = flow;
    const { heartbeatMs } = this.#options;
    const shortestMs = heartbeatMs === 0 ? Number.POSITIVE_INFINITY : heartbeatMs;
    const limited = bypassRefusal(flow, (name) => vswitch.get(name), shortestMs);
    if (limited !== undefined) throw new Untranslatable(limited.code, limited.detail);
    const dialect = switchInfo?.dialect ?? { version: 4, nicira: true };
    const entrance = this.#options.entrances[match.inPort];
    const from = identity(vswitch, match.inPort);
    if (entrance === undefined || from === undefined) throw noPort(match.inPort, 'comes in by');
    const inPort = numberOf(entrance.uplink, switchInfo);
    const ports = [from];
    const switchPorts = [inPort];
    const outPort = (name: string): number => {
      const exit = this.#options.exits[name];
      const to = identity(vswitch, name);
      if (exit === undefined || to === undefined) throw noPort(name, 'goes out of');
      const number = numberOf(exit, switchInfo);
      ports.push(to);
      switchPorts.push(number);
      return number;
    };
    const wireMatch = toWireMatch(match, inPort, dialect);
    const wireActions = toWireActions(actions, inPort, outPort, dialect);
    const instructions: Instructions =
      wireActions.length === 0 ? [] : [{ kind: 'apply-actions', actions: wireActions }];
    return {
      id: flow.id,
      cookie: this.#cookies.ofRule(flow.id),
      match: wireMatch,
      instructions,
      matchKey: matchKey(wireMatch),
      actionsKey: instructionsKey(instructions),
      ports,
      switchPorts,
      slowPort: slowPort(entrance.slow, switchInfo),
    };
  }
}

function identity(vswitch: PortSnapshot, name: string): PortIdentity | undefined {
  const port = vswitch.get(name);
  return port === undefined ? undefined : { name, uuid: port.uuid, ifindex: port.ifindex };
}

/** @throws Untranslatable when the switch has no such port, or it is down */
function numberOf(ref: PortRef, switchInfo: SwitchInfo | undefined): number {
  if (switchInfo === undefined) return typeof ref === 'number' ? ref : 1;
  const number = upPort(switchInfo.ports, ref);
  if (number !== undefined) return number;
  const known = switchInfo.ports.names().join(', ');
  const text = `the switch has no port ${ref} that is up; it has ${known}`;
  throw new Untranslatable('port-unavailable', text);
}

function slowPort(
  ref: PortRef | undefined,
  switchInfo: SwitchInfo | undefined,
): number | undefined {
  return ref === undefined || switchInfo === undefined ? undefined : upPort(switchInfo.ports, ref);
}

function upPort(ports: SwitchPorts, ref: PortRef): number | undefined {
  const port = ports.find(ref);
  return port?.up === true ? port.portNo : undefined;
}

function noPort(name: string, how: string): Untranslatable {
  return new Untranslatable(
    'port-unavailable',
    `the flow ${how} ${name}, which has no port on the switch (see fastPath.ports)`,
  );
}
