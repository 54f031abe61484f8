import { describePacketsOfOffloadBackend } from '../../contract/offload-backend.ts';
import { describeSwitchContract } from './switch-contract.ts';

describeSwitchContract('OpenFlow13');
// The model switch has all of it over 1.0, and version-1.0-contract.long.test.ts on Open vSwitch.
describeSwitchContract('OpenFlow10', describePacketsOfOffloadBackend);
