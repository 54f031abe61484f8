import type {
  AggregateStatsReply,
  FlowStatsReply,
  FlowStatsRequest,
  NxFlowStatsRequest,
} from './flow-stats.ts';
import type { FlowMonitorReply, FlowMonitorRequest } from './flow-monitor.ts';
import type { MeterReply, MeterRequest } from './meter.ts';
import type { PortDescription } from './port.ts';
import type { PortStatsReply, PortStatsRequest } from './port-stats.ts';
import type { TableStatsReply } from './table-stats.ts';

/** Description of the switch. */
export interface SwitchDescription {
  readonly kind: 'desc';
  readonly manufacturer: string;
  readonly hardware: string;
  readonly software: string;
  readonly serialNumber: string;
  readonly datapath: string;
}

/** Unsupported statistics. */
export type OtherBody =
  /** `bytes` are what follows the experimenter's id. */
  | { readonly kind: 'experimenter'; readonly experimenter: number; readonly bytes: Uint8Array }
  | { readonly kind: 'unknown'; readonly code: number; readonly bytes: Uint8Array };

export type RequestBody =
  | { readonly kind: 'desc' | 'table' | 'port-desc' | 'meter-features' }
  | FlowStatsRequest
  | NxFlowStatsRequest
  | PortStatsRequest
  | MeterRequest
  | FlowMonitorRequest
  | OtherBody;

export type ReplyBody =
  | SwitchDescription
  | FlowStatsReply
  | AggregateStatsReply
  | TableStatsReply
  | PortStatsReply
  | { readonly kind: 'port-desc'; readonly ports: readonly PortDescription[] }
  | MeterReply
  | FlowMonitorReply
  | OtherBody;

/** 1.0: stats request. */
export interface MultipartRequest {
  readonly type: 'multipart-request';
  readonly xid: number;
  /** More parts of the same request follow (1.3). */
  readonly more: boolean;
  readonly body: RequestBody;
}

/** 1.0: stats reply. */
export interface MultipartReply {
  readonly type: 'multipart-reply';
  readonly xid: number;
  /** More parts of the same answer follow, with the same xid. */
  readonly more: boolean;
  readonly body: ReplyBody;
}
