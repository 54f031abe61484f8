import { describeIngressContract } from './support/contract.ts';

// With the kernel datapath, `auto` chooses tcx.
describeIngressContract('tcx', 'auto', 'tcx');
