import { DEFAULT_OFFLOADS } from './default-offloads.ts';
import { idleTimeout } from './idle-timeout.ts';
import { NOTHING_TO_OFFLOAD } from './nothing-to-offload.ts';
import { ORDER } from './order.ts';
import type { Scenario } from './scenario.ts';
import { STOPPED_DAEMON } from './stopped-daemon.ts';
import { STOPPED_VSWITCH } from './stopped-vswitch.ts';
import { TRANSLATED_ADDRESSES } from './translated-addresses.ts';
import { unfinishedChecksums } from './unfinished-checksums.ts';

export const SCENARIOS: readonly Scenario[] = [
  ORDER,
  idleTimeout(1),
  idleTimeout(2),
  STOPPED_DAEMON,
  STOPPED_VSWITCH,
  unfinishedChecksums('xdp'),
  unfinishedChecksums('tcx'),
  TRANSLATED_ADDRESSES,
  DEFAULT_OFFLOADS,
  NOTHING_TO_OFFLOAD,
];
