import { describeXdpContract } from './support/contract.ts';

describeXdpContract('generic');
