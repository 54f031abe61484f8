import type { PortInfo } from '../../../engine/model/port.ts';
import type { BpfPrograms } from '../core/bpf-programs.ts';
import { DevicePrograms } from '../core/device-programs.ts';
import type { Libbpf } from '../core/libbpf.ts';
import { meterPinPath } from '../core/meter-pins.ts';
import type { NetworkLock } from '../core/network-lock.ts';
import { hasPinnedPrograms, PinnedPrograms } from '../core/pinned-programs.ts';
import { CLS_PRIORITY, ClsFilters } from '../tcx/cls-filters.ts';
import { ClsactMarks } from '../tcx/clsact-marks.ts';
import type { IngressPoint } from '../tcx/ingress-point.ts';
import { PolicedPorts } from '../tcx/policed-ports.ts';
import { hasTcxLinks, TcxLinks } from '../tcx/tcx-links.ts';
import { MeterUnsupported } from './errors.ts';

const POLICED =
  'Open vSwitch polices it (ingress_policing_*), which it cannot beside the qdisc clsact that counting ' +
  'needs before Linux 6.6';

/** What a point is opened with. */
export interface MeterPointParts {
  readonly libbpf: Libbpf;
  readonly programs: BpfPrograms;
  readonly lock: NetworkLock;
  readonly pinPath: string;
  /** Left out: tcx where the kernel has it, otherwise cls_bpf. */
  readonly hook: 'tcx' | 'cls_bpf' | undefined;
}

/** Where devices are metered: behind the entries at the same hook, which are behind those at XDP. */
export interface MeterPoint {
  readonly point: IngressPoint;
  /** Why a port must not be metered; undefined: it may. */
  refusal(port: PortInfo): string | undefined;
  /** Removes what is still pinned when every device has been left. */
  unpin(): void;
  close(): void;
}

/**
 * Opens the point, and detaches what an earlier daemon has left at the other one.
 *
 * @throws {MeterUnsupported} {@link NetworkLockBusy}
 */
export async function openMeterPoint(parts: MeterPointParts): Promise<MeterPoint> {
  const { lock, pinPath } = parts;
  const folder = meterPinPath(pinPath);
  const knowsTcx = await new DevicePrograms(lock).knowsTcx();
  const { hook = knowsTcx ? 'tcx' : 'cls_bpf' } = parts;
  if (hook === 'tcx' && !knowsTcx) throw new MeterUnsupported();
  if (hook === 'tcx') {
    if (hasPinnedPrograms(folder, 'cls_bpf')) await leave(await openFilters(parts));
    return openLinks(parts);
  }
  if (hasTcxLinks(folder)) await leave(await openLinks(parts));
  return openFilters(parts);
}

async function openLinks({ libbpf, lock, pinPath }: MeterPointParts): Promise<MeterPoint> {
  const point = new TcxLinks(libbpf, lock, meterPinPath(pinPath), 'last');
  await point.open();
  const nothing = (): undefined => undefined;
  return { point, refusal: nothing, unpin: nothing, close: nothing };
}

async function openFilters({
  libbpf,
  programs,
  lock,
  pinPath,
}: MeterPointParts): Promise<MeterPoint> {
  const folder = meterPinPath(pinPath);
  const policed = new PolicedPorts();
  const point = new ClsFilters({
    lock,
    pins: new PinnedPrograms(libbpf, programs, folder, 'cls_bpf'),
    marks: new ClsactMarks(folder),
    otherMarks: new ClsactMarks(pinPath),
    priority: CLS_PRIORITY.behindEntries,
    isAwaited: (ifindex) => policed.has(ifindex),
  });
  try {
    await point.open();
  } catch (error) {
    point.close();
    throw error;
  }
  return {
    point,
    refusal: (port) => (policed.follow(port) ? POLICED : undefined),
    unpin: () => point.unpin(),
    close: () => point.close(),
  };
}

async function leave(place: MeterPoint): Promise<void> {
  try {
    for (const ifindex of place.point.devices()) await place.point.detach(ifindex);
    place.unpin();
  } finally {
    place.close();
  }
}
