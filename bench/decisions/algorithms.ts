import type { Algorithm } from './algorithm.ts';
import { topK } from './algorithms/top-k.ts';
import { NORIKAE } from './norikae.ts';

/** Every algorithm that is compared: our own first, then the field's. */
export const ALGORITHMS: readonly Algorithm[] = [NORIKAE, topK('bytes'), topK('packets')];
