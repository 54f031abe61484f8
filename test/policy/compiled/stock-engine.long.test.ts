import { describeWholePolicies } from './stock/whole-policies.ts';

describeWholePolicies(50);
