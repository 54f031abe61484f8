import { describePacketsOfOffloadBackend } from '../../../contract/offload-backend.ts';
import { describeXdpContract } from './support/contract.ts';

describeXdpContract('native');
// Entries, ports and lease are those of native mode; generic-contract.long.test.ts has all of it.
describeXdpContract('generic', describePacketsOfOffloadBackend);
