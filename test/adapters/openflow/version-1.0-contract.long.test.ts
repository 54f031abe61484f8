import { describeSwitchContract } from './switch-contract.ts';

describeSwitchContract('OpenFlow10');
