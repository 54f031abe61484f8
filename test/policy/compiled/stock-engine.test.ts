import { describeWholePolicies } from './stock/whole-policies.ts';

// stock-engine.long.test.ts has 50.
describeWholePolicies(20);
