/** What ended while a virtual function (VF) carried the traffic of a VM. */
export type FaultName = 'agent-killed' | 'vf-unplugged' | 'daemon-killed' | 'machine-shut-down';

/** How a VM's traffic came back to the vSwitch after a fault. */
export interface FaultReport {
  readonly fault: FaultName;
  readonly leaseMs: number;
  /** Until the NIC steered nothing to the VF and the guest sent nothing by it, ms. */
  readonly backMs: number;
  /** Pings without an answer until then, and later, when there must be none. */
  readonly lost: number;
  readonly lostLater: number;
}

/** What a VM notices while the daemon moves its traffic between vSwitch and VF. */
export interface MovesReport {
  /**
   * Moves as the daemon has recorded them, of the flow that has moved most: there and back count as two.
   * There are more than were asked for when a rate falls or rises in between.
   */
  readonly moves: number;
  /** Recorded moves of flows that the policy's rules did not decide. */
  readonly unasked: number;
  readonly pings: number;
  /** Pings without an answer. */
  readonly lost: number;
  /** Answers that came twice. */
  readonly duplicates: number;
  /** Segments that TCP sent again. */
  readonly retransmits: number;
  /** Packets of the VM that went through the VF, both ways, from the busy flow to its return. */
  readonly throughVf: number;
  /**
   * Packets that the VF counted while the flows were on the vSwitch. With the igb that QEMU emulates
   * there are some after the first move; the guest has no rule for them then.
   */
  readonly strays: number;
  /** Median time from a change of the rate to the end of the move in the emulated machine, ms. */
  readonly medianMs: { readonly offload: number; readonly onload: number };
}

/** The report of an experiment without moves. */
export const NO_MOVES: MovesReport = {
  moves: 0,
  unasked: 0,
  pings: 0,
  lost: 0,
  duplicates: 0,
  retransmits: 0,
  throughVf: 0,
  strays: 0,
  medianMs: { offload: 0, onload: 0 },
};

export interface SriovReport extends MovesReport {
  readonly faults: readonly FaultReport[];
  /** The backend's description. */
  readonly backend: string;
}

/** True for a value with the shape of a report. */
export function isSriovReport(value: unknown): value is SriovReport {
  return typeof value === 'object' && value !== null && 'retransmits' in value && 'faults' in value;
}

/**
 * Whether moves lost nothing, the VF carried packets, the policy decided each move, and the traffic was back
 * within the lease after each fault.
 */
export function isClean({
  moves,
  lost,
  retransmits,
  throughVf,
  unasked,
  faults,
}: SriovReport): boolean {
  const areMovesClean = lost === 0 && retransmits === 0 && unasked === 0;
  return (
    areMovesClean &&
    (moves === 0 || throughVf > 0) &&
    faults.every(({ backMs, leaseMs, lostLater }) => backMs <= leaseMs && lostLater === 0)
  );
}

const WORDS: Readonly<Record<FaultName, string>> = {
  'agent-killed': 'agent killed',
  'vf-unplugged': 'virtual function unplugged',
  'daemon-killed': 'daemon killed',
  'machine-shut-down': 'machine shut down',
};

/** The report as text for a terminal. */
export function formatSriovReport(report: SriovReport): string {
  const { moves, pings, lost, duplicates, retransmits, throughVf, strays, medianMs } = report;
  const { offload, onload } = medianMs;
  const movesLines =
    moves === 0
      ? []
      : [
          `${moves} moves between vSwitch and virtual function, decided by the daemon's policy`,
          `pings: ${pings} sent, ${lost} lost, ${duplicates} answered twice`,
          `TCP: ${retransmits} segments sent again`,
          `packets through the virtual function: ${throughVf} while offloaded, ${strays} while not`,
          `median from the change of rate: ${offload.toFixed(0)} ms there, ${onload.toFixed(0)} ms back, in an emulated machine`,
        ];
  return [...movesLines, ...report.faults.map(faultLine), `NIC: ${report.backend}`].join('\n');
}

function faultLine({ fault, backMs, leaseMs, lost, lostLater }: FaultReport): string {
  const later = lostLater === 0 ? '' : `, and ${lostLater} later`;
  return `${WORDS[fault]}: on the vSwitch after ${backMs.toFixed(0)} ms (lease ${leaseMs} ms), ${lost} pings lost${later}`;
}
