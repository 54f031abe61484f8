/** What a VM notices while its traffic moves between vSwitch and virtual function (VF). */
export interface SriovReport {
  /** Moves of all flows of the VM: there and back count as two. */
  readonly moves: number;
  readonly pings: number;
  /** Pings without an answer. */
  readonly lost: number;
  /** Answers that came twice. */
  readonly duplicates: number;
  /** Segments that TCP sent again. */
  readonly retransmits: number;
  /** Packets of the VM that went through the VF, both ways, while its flows were there. */
  readonly throughVf: number;
  /**
   * Packets that the VF counted while the flows were on the vSwitch. With the igb that QEMU emulates
   * there are some after the first move; the guest has no rule for them then.
   */
  readonly strays: number;
  /** Median time of a move in the emulated machine, ms. */
  readonly medianMs: { readonly offload: number; readonly onload: number };
  /** The backend's description. */
  readonly backend: string;
}

/** True for a value with the shape of a report. */
export function isSriovReport(value: unknown): value is SriovReport {
  return typeof value === 'object' && value !== null && 'retransmits' in value && 'strays' in value;
}

/** Whether nothing was lost, and the virtual function carried packets. */
export function isClean({ lost, retransmits, throughVf }: SriovReport): boolean {
  return lost === 0 && retransmits === 0 && throughVf > 0;
}

/** The report as text for a terminal. */
export function formatSriovReport(report: SriovReport): string {
  const { moves, pings, lost, duplicates, retransmits, throughVf, strays, medianMs } = report;
  const { offload, onload } = medianMs;
  return [
    `${moves} moves between vSwitch and virtual function, under ping and TCP both ways`,
    `pings: ${pings} sent, ${lost} lost, ${duplicates} answered twice`,
    `TCP: ${retransmits} segments sent again`,
    `packets through the virtual function: ${throughVf} while offloaded, ${strays} while not`,
    `median of a move: ${offload.toFixed(0)} ms there, ${onload.toFixed(0)} ms back, in an emulated machine`,
    `NIC: ${report.backend}`,
  ].join('\n');
}
