/**
 * Written by a lane after each outermost suite (an ASCII record separator): the output up to it can
 * be printed.
 */
export const SUITE_END = '\x1e';
