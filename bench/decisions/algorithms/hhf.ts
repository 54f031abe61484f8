import type { Algorithm } from '../game/algorithm.ts';
import { inWindow, Threshold } from './threshold.ts';

/** Defaults of hhf_admit_bytes and hhf_evict_timeout. */
const ADMIT_BYTES = 128 * 1024;
const IDLE_MS = 1_000;

/**
 * Linux's heavy-hitter filter (net/sched/sch_hhf.c; Lam and Dukkipati, 2013, after Estan and
 * Varghese, SIGCOMM 2002): 128 KiB in 40 ms make a flow a heavy hitter until it was idle for 1 s.
 * It gets exact counters instead of its hashed ones. In a longer window 128 KiB suffice, because
 * they may have been sent in 40 ms.
 */
export const HHF: Algorithm = {
  name: 'hhf',
  create: ({ flows }) => new Threshold(flows, 'bytes', inWindow(ADMIT_BYTES), IDLE_MS),
};
