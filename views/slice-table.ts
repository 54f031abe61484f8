import type { BackendView, ShareView, StatusView } from '../api/status-view.ts';
import { bitRate, whole } from '../text/format.ts';
import type { Colours } from '../platform/terminal.ts';
import { textTable } from '../platform/text-table.ts';

interface Row {
  readonly backend: BackendView;
  readonly share: ShareView;
  /** Of all its flows, in any placement. */
  readonly bitsPerSecond: number;
}

/**
 * Entries and quotas of the declared slices per backend, and of all other flows last; empty without
 * declared slices. Entries below the guarantee are in colour.
 */
export function sliceTable(status: StatusView, width: number, colours: Colours): string[] {
  const rows = status.backends.flatMap((backend) => rowsOf(backend, status));
  if (rows.length === 0) return [];
  const entries = (of: (share: ShareView) => number) => ({
    align: 'right' as const,
    text: ({ share }: Row) => whole(of(share)),
  });
  return textTable(
    [
      { title: 'SLICE', align: 'left', text: ({ share }) => share.slice ?? '(others)' },
      {
        title: 'ENTRIES',
        ...entries((s) => s.used),
        paint: (text, { share }) => (isBelow(share) ? colours.yellow(text) : text),
      },
      { title: 'SHARE', ...entries((s) => s.share) },
      { title: 'GUARANTEED', ...entries((s) => s.guaranteed) },
      { title: 'MAXIMUM', ...entries((s) => s.maximum) },
      { title: 'WANTED', ...entries((s) => s.wanted) },
      { title: 'WEIGHT', align: 'right', text: ({ share }) => String(share.weight) },
      { title: 'TRAFFIC', align: 'right', text: (row) => bitRate(row.bitsPerSecond) },
      { title: 'ON', align: 'left', text: ({ backend }) => backend.name },
    ],
    rows,
    width,
    colours.dim,
  );
}

function rowsOf(backend: BackendView, status: StatusView): readonly Row[] {
  const declared = backend.shares.filter((share) => share.slice !== null);
  if (declared.length === 0) return [];
  const names = new Set(declared.map((share) => share.slice));
  const bits = new Map<string | null, number>(
    status.slices.map((slice) => [slice.name, total(slice.bitsPerSecond)]),
  );
  const ofDeclared = status.slices.filter((slice) => names.has(slice.name));
  const others = ofDeclared.reduce(
    (left, slice) => left - total(slice.bitsPerSecond),
    total(status.bitsPerSecond),
  );
  bits.set(null, Math.max(0, others));
  const shares = [...declared, ...backend.shares.filter((share) => share.slice === null)];
  return shares.map((share) => ({ backend, share, bitsPerSecond: bits.get(share.slice) ?? 0 }));
}

/** Whether it has fewer entries than its guarantee, although its flows request more. */
function isBelow({ used, guaranteed, wanted }: ShareView): boolean {
  return used < Math.min(guaranteed, wanted);
}

function total(byPlace: StatusView['bitsPerSecond']): number {
  return Object.values(byPlace).reduce((sum, n) => sum + n, 0);
}
