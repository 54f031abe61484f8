import { inputRefusal } from '../../engine/model/bypass.ts';
import type { PortInfo } from '../../engine/model/port.ts';
import { type Check, checkOf, failed, passed, type Problem } from '../model/check.ts';
import type { HostFacts, VswitchConfiguration } from '../model/facts.ts';
import { isSeen } from '../model/seen.ts';
import { notSeen } from './not-seen.ts';

const START = 'start Open vSwitch, or set node.ovs.runDir and node.ovs.database';

/** Checks of Open vSwitch and of the settings that decide what can be offloaded. */
export function vswitchChecks(facts: HostFacts): readonly Check[] {
  const { vswitch, settings } = facts;
  const { configuration } = vswitch;
  const daemon = vswitchd(facts);
  if (!isSeen(configuration)) {
    return [daemon, notSeen('OVSDB', configuration, START)];
  }
  const { value } = configuration;
  return [
    daemon,
    passed('OVSDB', settings.database),
    bridges(facts, value),
    hardwareOffload(value),
    idleTime(facts, value),
    ...sequenceChecks(facts),
    exportedTraffic(facts),
    rules(facts),
  ];
}

function vswitchd({ vswitch: { version, datapaths }, settings }: HostFacts): Check {
  const name = 'ovs-vswitchd';
  if (!isSeen(version)) return notSeen(name, version, START);
  const problems: Problem[] = [];
  const [major = 0, minor = 0] = version.value.split('.').map(Number);
  if (major < 2 || (major === 2 && minor < 13)) {
    problems.push({ found: 'it is older than 2.13', remedy: 'use Open vSwitch 2.13 or later' });
  }
  if (!isSeen(datapaths)) {
    const found = `its datapaths cannot be listed: ${datapaths.unseen}`;
    problems.push({ found, remedy: 'see the log of ovs-vswitchd' });
    return checkOf(name, version.value, problems);
  }
  const names = datapaths.value;
  const listed = names.length === 0 ? 'none' : names.join(', ');
  const { datapath } = settings;
  if (datapath === undefined && names.length > 1) {
    const found = 'there are several datapaths, and none is configured';
    problems.push({ found, remedy: `set node.ovs.datapath to one of ${listed}` });
  } else if (datapath !== undefined && !names.includes(datapath)) {
    const found = `the configured datapath ${datapath} is not among them`;
    problems.push({ found, remedy: `set node.ovs.datapath to one of ${listed}, or remove it` });
  }
  return checkOf(name, `${version.value}, datapaths: ${listed}`, problems);
}

function bridges({ settings }: HostFacts, { bridges: all }: VswitchConfiguration): Check {
  const name = 'bridges';
  if (all.length === 0) return failed(name, 'none', 'ovs-vsctl add-br br0');
  const texts = all.map((bridge) => `${bridge.name} (${bridge.datapath ?? 'unknown'} datapath)`);
  const problems: Problem[] = [];
  const before = all.filter(({ datapath }) => datapath !== 'kernel');
  const { adapter } = settings;
  const isAtIngress = adapter === 'tcx' || adapter === 'cls_bpf' || adapter === 'flower';
  if (isAtIngress && before.length > 0) {
    const names = before.map((bridge) => bridge.name).join(', ');
    problems.push({
      found: `${adapter} serves only the kernel datapath, which ${names} does not have`,
      remedy: 'set backend.adapter to "auto" or "xdp"',
    });
  }
  return checkOf(name, texts.join(', '), problems);
}

function hardwareOffload({ settings }: VswitchConfiguration): Check {
  const name = 'hw-offload';
  if (settings.get('hw-offload') !== 'true') return passed(name, 'off');
  return failed(
    name,
    'on: Open vSwitch adds tc filters to ports, and a port with a tc filter is not served',
    'ovs-vsctl remove Open_vSwitch . other_config hw-offload, then restart ovs-vswitchd',
  );
}

function idleTime(facts: HostFacts, { settings }: VswitchConfiguration): Check {
  const name = 'max-idle';
  const configured = settings.get('max-idle');
  const { shortestHeartbeatMs } = facts.vswitch;
  const refusal = portsOf(facts)
    .map((port) => inputRefusal(port.name, port, shortestHeartbeatMs))
    .find((found) => found?.code === 'idle-timeout');
  if (refusal !== undefined) {
    const remedy = 'ovs-vsctl remove Open_vSwitch . other_config max-idle';
    return failed(name, refusal.detail, remedy);
  }
  return passed(name, configured === undefined ? 'the default, 10 s' : `${configured} ms`);
}

/**
 * With sequence checks, conntrack drops the packets of a TCP connection that comes back from an
 * entry, so that no such connection gets one.
 */
function sequenceChecks({ vswitch, settings }: HostFacts): readonly Check[] {
  return [...vswitch.sequenceChecks].map(([datapath, seen]) => {
    const name = `sequence checks of ${datapath}`;
    const command = datapath.startsWith('system@')
      ? 'sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1'
      : `ovs-appctl dpctl/ct-disable-tcp-seq-chk ${datapath}`;
    if (!settings.placesConnections) {
      const state = isSeen(seen) ? seen.value : 'unknown';
      return passed(name, `${state}; they matter only where \`connections\` is configured`);
    }
    if (!isSeen(seen)) return notSeen(name, seen, 'see the log of ovs-vswitchd');
    if (seen.value === 'off') return passed(name, 'off: TCP connections can be offloaded');
    return failed(
      name,
      `${seen.value}: conntrack would drop a TCP connection that comes back from the NIC table, so tracked TCP connections stay on the vSwitch`,
      `${command}, after reading docs/connections.md`,
    );
  });
}

function exportedTraffic(facts: HostFacts): Check {
  const name = 'exports';
  const { offloadExportingBridges } = facts.settings;
  if (offloadExportingBridges) return passed(name, 'offloaded nevertheless, as configured');
  const exports = new Set(portsOf(facts).flatMap((port) => port.exports ?? []));
  if (exports.size === 0) return passed(name, 'no bridge exports its traffic');
  return failed(
    name,
    `${[...exports].join(', ')}: flows of these bridges stay on the vSwitch, whose reports would miss them`,
    'accept that, or set node.ovs.offloadExportingBridges to true',
  );
}

function rules({ vswitch, settings }: HostFacts): Check {
  const name = 'OpenFlow rules';
  const { flowMonitor, assumedIdleTimeout } = settings;
  if (!flowMonitor) {
    if (assumedIdleTimeout !== undefined) {
      return passed(name, `not read; idle time-outs of ${assumedIdleTimeout} s are assumed`);
    }
    return failed(
      name,
      'not read (node.ovs.flowMonitor is false), so idle time-outs are unknown and nothing is offloaded',
      'set node.ovs.flowMonitor to true, or node.ovs.assumedIdleTimeout',
    );
  }
  const closed = [...vswitch.rules].flatMap(([bridge, seen]) =>
    isSeen(seen) ? [] : [{ ...seen, unseen: `${bridge}: ${seen.unseen}` }],
  );
  if (closed.length === 0) return passed(name, 'the management socket of each bridge is there');
  const remedy = 'see that ovs-vswitchd makes BRIDGE.mgmt in node.ovs.runDir';
  const unseen = closed.map((bridge) => bridge.unseen).join('; ');
  return notSeen(name, { unseen, isDenied: closed.some(({ isDenied }) => isDenied) }, remedy);
}

function portsOf({ ports }: HostFacts): readonly PortInfo[] {
  return isSeen(ports) ? ports.value.map(({ port }) => port) : [];
}
