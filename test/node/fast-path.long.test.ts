import { describeFastPathLab } from './fast-path-rig.ts';

describeFastPathLab('1.0');
