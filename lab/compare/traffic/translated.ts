import type { Ends } from './ends.ts';
import type { ReceiverSpec, SenderSpec } from './stream.ts';

/** An address that no guest has: rules translate it to the receiver's. */
export const SERVICE_IPV4 = '10.9.0.100';

/** Bytes of a chunk of TCP, several segments, and of a datagram. */
const SIZE = { tcp: 8_000, udp: 200 } as const;

/** What a sender sends to a port of the service, and where the receiver gets it. */
export interface Translated {
  readonly name: 'tcp' | 'udp';
  /** IP protocol. */
  readonly protocol: number;
  readonly port: number;
  readonly serverPort: number;
  /** Bytes of a unit. */
  readonly size: number;
  readonly send: SenderSpec;
  readonly receive: ReceiverSpec;
}

/** A TCP connection and UDP datagrams to the service. */
export function translatedStreams({ receiver, port }: Ends): readonly Translated[] {
  const serverPort = port + 1;
  const streamOf = (name: 'tcp' | 'udp', protocol: number): Translated => ({
    name,
    protocol,
    port,
    serverPort,
    size: SIZE[name],
    send: { kind: name, target: SERVICE_IPV4, port, size: SIZE[name] },
    receive: { kind: name, address: receiver.ipv4, port: serverPort, size: SIZE[name] },
  });
  return [streamOf('tcp', 6), streamOf('udp', 17)];
}

/**
 * OpenFlow rules that translate a stream in both directions, before all rules with a smaller priority.
 *
 * @param from port of the sender on the bridge
 * @param to port of the receiver
 */
export function translatingRules(
  { name, port, serverPort }: Translated,
  { receiver }: Ends,
  from: number,
  to: number,
): readonly string[] {
  const server = receiver.ipv4;
  const there = `set_field:${server}->ip_dst,set_field:${serverPort}->${name}_dst,output:${to}`;
  const back = `set_field:${SERVICE_IPV4}->ip_src,set_field:${port}->${name}_src,output:${from}`;
  return [
    `priority=40000,in_port=${from},${name},nw_dst=${SERVICE_IPV4},tp_dst=${port},actions=${there}`,
    `priority=40000,in_port=${to},${name},nw_src=${server},tp_src=${serverPort},actions=${back}`,
  ];
}
