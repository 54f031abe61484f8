/** Exit code of a process whose event loop was blocked. */
export const BLOCKED_EXIT_CODE = 5;
