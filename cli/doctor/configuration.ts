import { access } from 'node:fs/promises';
import type { Config } from '../../config/config.ts';
import { loadConfig, parseConfig } from '../../config/load-config.ts';
import { see } from '../../doctor/gather/see.ts';
import type { Configuration, Settings } from '../../doctor/model/facts.ts';
import { isSeen } from '../../doctor/model/seen.ts';
import { problemsOf } from '../commands/check-config.ts';

/** Where the systemd unit expects the configuration. */
const DEFAULT_FILE = '/etc/norikae/norikae.json';

const DEFAULTS = '{ "node": { "adapter": "ovs" }, "policies": ["policies/default.json"] }';

/** What the doctor uses of a configuration. */
export interface ReadConfiguration {
  readonly configuration: Configuration;
  readonly settings: Settings;
  /** Control socket of the configured daemon; left out: not configured. */
  readonly control?: string;
}

/** Reads a configuration. Errors in it become problems, and the defaults are used. Never rejects. */
export async function readConfiguration(given: string | undefined): Promise<ReadConfiguration> {
  const file = given ?? ((await exists(DEFAULT_FILE)) ? DEFAULT_FILE : undefined);
  const defaults = settingsOf(parseConfig(DEFAULTS, DEFAULT_FILE));
  if (file === undefined) {
    const configuration = { file, problems: [], isDenied: false, isEmulated: false };
    return { configuration, settings: defaults };
  }
  const problems = await see(file, () => problemsOf(file));
  const config = await see(file, () => loadConfig(file));
  const found = isSeen(problems) ? problems.value : [problems.unseen];
  if (!isSeen(config)) {
    const { isDenied } = config;
    const configuration = { file, problems: found, isDenied, isEmulated: false };
    return { configuration, settings: defaults };
  }
  const { value } = config;
  const isEmulated = value.node.adapter === 'emulator';
  return {
    configuration: { file, problems: found, isDenied: false, isEmulated },
    settings: isEmulated ? defaults : settingsOf(value),
    control: value.control.path,
  };
}

async function exists(path: string): Promise<boolean> {
  return isSeen(await see(path, () => access(path)));
}

function settingsOf({ node: { ovs }, backend, connections }: Config): Settings {
  return {
    adapter: backend.adapter === 'emulator' ? 'none' : backend.adapter,
    mode: backend.mode,
    rulesIn: backend.rulesIn,
    ports: backend.ports,
    pinPath: backend.pinPath,
    heartbeatMs: backend.heartbeatMs,
    runDir: ovs.runDir,
    database: ovs.database,
    datapath: ovs.datapath,
    offloadExportingBridges: ovs.offloadExportingBridges,
    flowMonitor: ovs.flowMonitor,
    assumedIdleTimeout: ovs.assumedIdleTimeout,
    placesConnections: connections !== undefined,
  };
}
