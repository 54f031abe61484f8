import { describeDifferential } from './differential.ts';

// Random each time; differential.long.test.ts has a million.
describeDifferential(300_000, 20_000);
