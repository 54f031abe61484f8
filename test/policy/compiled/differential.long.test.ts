import { describeDifferential } from './differential.ts';

describeDifferential(1_000_000, 50_000);
