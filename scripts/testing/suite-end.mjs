/**
 * Written by a lane after each outermost suite (an ASCII record separator): all that it wrote up to
 * there can be printed in one piece.
 */
export const SUITE_END = '\x1e';
