import type { Extent } from '../../engine/ports/rule-evaluator.ts';
import { RequestedPlacement } from '../../engine/model/flow.ts';

/**
 * For how many packets of a flow a condition must hold. A prohibition applies if it may hold for
 * some packet, a permission only if it holds for all.
 */
export type Needed = 'some' | 'all';

/** What a rule with this request needs: `onload` and `slow-path` prohibit, the others permit. */
export function neededFor(requested: RequestedPlacement): Needed {
  const prohibits =
    requested === RequestedPlacement.onload || requested === RequestedPlacement.slowPath;
  return prohibits ? 'some' : 'all';
}

/** What the condition inside a "not" needs, negated. */
export function oppositeOf(needed: Needed): Needed {
  return needed === 'some' ? 'all' : 'some';
}

/** True if a condition that holds to this extent counts as holding. */
export function suffices(extent: Extent, needed: Needed): boolean {
  return extent === 'all' || (extent === 'some' && needed === 'some');
}

/** Extent of "not". */
export function negated(extent: Extent): Extent {
  if (extent === 'some') return 'some';
  return extent === 'all' ? 'none' : 'all';
}

/** Extent of a condition with one verdict for all packets. */
export function forAllPackets(holds: boolean): Extent {
  return holds ? 'all' : 'none';
}

/** Extent of "all of them": the least, because which packets meet which condition is not known. */
export function minExtent(extents: readonly Extent[]): Extent {
  if (extents.includes('none')) return 'none';
  return extents.includes('some') ? 'some' : 'all';
}

/** Extent of "any of them": the greatest. */
export function maxExtent(extents: readonly Extent[]): Extent {
  if (extents.includes('all')) return 'all';
  return extents.includes('some') ? 'some' : 'none';
}

/** Extent over packets that are known in parts: `all` or `none` only if every part agrees. */
export function acrossParts(extents: readonly Extent[]): Extent {
  const [first = 'none', ...others] = extents;
  return others.every((extent) => extent === first) ? first : 'some';
}
