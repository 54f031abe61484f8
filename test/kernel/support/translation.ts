import type { FlowAction } from '../../../engine/model/action.ts';
import type { FlowSpec } from '../../../engine/model/flow.ts';
import type { FieldName } from '../../../engine/model/match.ts';
import { ipv4Bytes } from '../../../lab/compare/traffic/ends.ts';
import { SERVICE_IPV4, type Translated } from '../../../lab/compare/traffic/translated.ts';
import type { Vm } from '../../../lab/testbed/node.ts';
import { allBits, exactly, matchOn, numberBytes } from '../../support/match-fields.ts';

/** The entries for what `translatingRules` do with one stream, in both directions. */
export function translatingFlows(
  { name, protocol, port, serverPort }: Translated,
  client: Vm,
  server: Vm,
): readonly FlowSpec[] {
  const ip = [exactly('eth_type', 0x0800), exactly('ip_proto', protocol), exactly('ip_frag', 0)];
  const [src, dst] = [`${name}_src`, `${name}_dst`] as const;
  const [service, own] = [ipv4Bytes(SERVICE_IPV4), ipv4Bytes(server.address)];
  return [
    {
      id: { w0: 1, w1: 2, w2: 0, w3: protocol },
      match: matchOn(client.name, ...ip, exactly('ipv4_dst', service), exactly(dst, port)),
      actions: [
        set('ipv4_dst', own),
        set(dst, numberBytes(dst, serverPort)),
        { kind: 'output', port: server.name },
      ],
    },
    {
      id: { w0: 1, w1: 2, w2: 1, w3: protocol },
      match: matchOn(server.name, ...ip, exactly('ipv4_src', own), exactly(src, serverPort)),
      actions: [
        set('ipv4_src', service),
        set(src, numberBytes(src, port)),
        { kind: 'output', port: client.name },
      ],
    },
  ];
}

function set(field: FieldName, value: Uint8Array): FlowAction {
  return { kind: 'set', field, value, mask: allBits(field) };
}
