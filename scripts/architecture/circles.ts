interface Visit {
  readonly index: number;
  low: number;
  /** It may be part of a circle that is not closed yet. */
  open: boolean;
}

/**
 * The circles of a directed graph: its strongly connected components of more than one node, each
 * sorted (Tarjan, "Depth-first search and linear graph algorithms", 1972).
 */
export function circlesOf(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const seen = new Map<string, Visit>();
  const stack: string[] = [];
  const circles: string[][] = [];

  const visit = (node: string): Visit => {
    const state: Visit = { index: seen.size, low: seen.size, open: true };
    seen.set(node, state);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      const other = seen.get(next) ?? visit(next);
      if (other.open) state.low = Math.min(state.low, other.low);
    }
    if (state.low === state.index) close(node);
    return state;
  };

  const close = (root: string): void => {
    const members = stack.splice(stack.indexOf(root));
    for (const member of members) {
      const state = seen.get(member);
      if (state !== undefined) state.open = false;
    }
    if (members.length > 1) circles.push(members.toSorted());
  };

  for (const node of graph.keys()) if (!seen.has(node)) visit(node);
  return circles;
}
