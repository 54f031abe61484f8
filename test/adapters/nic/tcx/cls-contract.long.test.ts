import { describeIngressContract } from './support/contract.ts';

describeIngressContract('cls_bpf', 'cls_bpf', 'xdp');
