import type { BundleControlMessage, BundleEnvelope } from './bundle.ts';
import type { FlowMod } from './flow-mod.ts';
import type { FlowMonitorCancel, FlowMonitorPause } from './flow-monitor.ts';
import type { FlowRemoved } from './flow-removed.ts';
import type { MeterMod } from './meter.ts';
import type { MultipartReply, MultipartRequest } from './multipart.ts';
import type { PacketIn, PacketOut } from './packet.ts';
import type { PortMod, PortStatus } from './port.ts';
import type { Bare, Echo, ErrorMessage, Hello } from './session.ts';
import type {
  AsyncConfig,
  FeaturesReply,
  FlowModTableId,
  RoleMessage,
  SetFlowFormat,
  SwitchConfig,
} from './switch-config.ts';
import type { TableMod } from './table-stats.ts';

/** 1.3, ONF extension 230: puts a message into a bundle. Its xid and the message's must be equal. */
export interface BundleAddMessage extends BundleEnvelope {
  readonly type: 'bundle-add';
  readonly message: Message;
}

/** An unknown experimenter message; `bytes` are what follows the id. */
export interface ExperimenterMessage {
  readonly type: 'experimenter';
  readonly xid: number;
  readonly experimenter: number;
  readonly bytes: Uint8Array;
}

/** A message of an unsupported type (queue and group configuration ...). */
export interface UnknownMessage {
  readonly type: 'unknown';
  readonly xid: number;
  /** The header's type byte. */
  readonly code: number;
  /** What follows the header. */
  readonly bytes: Uint8Array;
}

/** A message of OpenFlow 1.0 or 1.3. */
export type Message =
  | Hello
  | ErrorMessage
  | Echo
  | Bare
  | FeaturesReply
  | SwitchConfig
  | PacketIn
  | PacketOut
  | FlowMod
  | FlowRemoved
  | PortStatus
  | PortMod
  | TableMod
  | MeterMod
  | MultipartRequest
  | MultipartReply
  | RoleMessage
  | AsyncConfig
  | BundleControlMessage
  | BundleAddMessage
  | FlowMonitorCancel
  | FlowMonitorPause
  | SetFlowFormat
  | FlowModTableId
  | ExperimenterMessage
  | UnknownMessage;

type Matching<M, T> = M extends { readonly type: infer U }
  ? T extends U
    ? M & { readonly type: T }
    : never
  : never;

/** The messages of one type: `MessageOf<'barrier-reply'>`. */
export type MessageOf<T extends Message['type']> = Matching<Message, T>;

/**
 * A message and the version of its header: only hello, error and echo may have one other than 1 and
 * 4.
 */
export interface Decoded {
  readonly version: number;
  readonly message: Message;
}
