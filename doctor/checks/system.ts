import { type Check, checkOf, failed, passed, type Problem } from '../model/check.ts';
import type { HostFacts, SystemFacts } from '../model/facts.ts';
import { isSeen } from '../model/seen.ts';
import { isAtLeast } from './release.ts';
import { missingCapabilities, RUN_AS_ROOT, notSeen } from './not-seen.ts';

/** Checks of the kernel, of the process, and of the daemon with its configuration. */
export function systemChecks(facts: HostFacts): readonly Check[] {
  return [kernel(facts.system), privileges(facts.system), configuration(facts), daemon(facts)];
}

function kernel({ release, littleEndian }: SystemFacts): Check {
  const problems: Problem[] = [];
  if (!isAtLeast(release, 5, 18)) {
    problems.push({
      found: 'it is older than 5.18',
      remedy: 'boot Linux 5.18 or later; tcx needs 6.6, and XDP on a veth 6.8',
    });
  }
  if (!littleEndian) {
    problems.push({ found: 'its CPU is big-endian', remedy: 'use a little-endian machine' });
  }
  return checkOf('kernel', `Linux ${release}`, problems);
}

function privileges({ isRoot, capabilities }: SystemFacts): Check {
  const name = 'privileges';
  if (!isSeen(capabilities)) return failed(name, capabilities.unseen, 'mount /proc');
  const missing = missingCapabilities(capabilities.value);
  const who = isRoot ? 'root' : 'not root';
  if (isRoot && missing.length === 0) return passed(name, who);
  const lack = missing.length === 0 ? '' : `, lacks ${missing.join(', ')}`;
  const unit = 'daemon/systemd/norikae.service has what the daemon needs';
  return failed(name, `${who}${lack}`, `${RUN_AS_ROOT}; ${unit}`);
}

function configuration({ configuration: read, settings }: HostFacts): Check {
  const { file, problems, isDenied, isEmulated } = read;
  const name = 'configuration';
  if (file === undefined) {
    return passed(name, 'none at /etc/norikae/norikae.json; the defaults are checked');
  }
  if (isDenied) return notSeen(name, { unseen: problems.join('; '), isDenied }, '');
  if (problems.length > 0) {
    const found = `${file} has errors, so the defaults are checked: ${problems.join('; ')}`;
    return failed(name, found, `mend it, and run: norikae check-config ${file}`);
  }
  if (isEmulated) {
    return failed(
      name,
      `${file} describes an emulated node`,
      'set node.adapter to "ovs" to offload on this host',
    );
  }
  if (settings.adapter === 'none') {
    return failed(
      name,
      `${file}: backend.adapter is "none", so the daemon only observes`,
      'remove backend.adapter, or set it to "auto"',
    );
  }
  const { adapter } = settings;
  const more = {
    vf: ', whose NIC and guests are not checked here',
    ntuple: ', whose NIC is not checked here',
  };
  const unchecked = adapter === 'vf' || adapter === 'ntuple' ? more[adapter] : '';
  return passed(name, `${file}, backend "${adapter}"${unchecked}`);
}

function daemon({ daemon: seen }: HostFacts): Check {
  const name = 'daemon';
  if (!isSeen(seen)) {
    return notSeen(name, seen, 'see its log, or end it and start it again');
  }
  if (seen.value === undefined) return passed(name, 'not running');
  const { version, pid, errors, unserved } = seen.value;
  const ports = unserved.size === 0 ? '' : `; not served: ${[...unserved.keys()].join(', ')}`;
  const problems = errors.map((error) => ({
    found: error,
    remedy: 'see norikae status and the other checks; the daemon tries again by itself',
  }));
  return checkOf(name, `version ${version}, pid ${pid}${ports}`, problems);
}
