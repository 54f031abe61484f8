/**
 * The circles of a directed graph: its strongly connected components of more than one node, each
 * sorted (Tarjan, "Depth-first search and linear graph algorithms", 1972).
 *
 * @param {ReadonlyMap<string, ReadonlySet<string>>} graph
 * @returns {string[][]}
 */
export function circlesOf(graph) {
  /** @type {Map<string, { index: number, low: number, open: boolean }>} */
  const seen = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {string[][]} */
  const circles = [];

  /** @param {string} node */
  const visit = (node) => {
    const state = { index: seen.size, low: seen.size, open: true };
    seen.set(node, state);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      const other = seen.get(next) ?? visit(next);
      if (other.open) state.low = Math.min(state.low, other.low);
    }
    if (state.low === state.index) close(node);
    return state;
  };

  /** @param {string} root */
  const close = (root) => {
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
