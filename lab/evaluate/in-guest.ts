// The guest's side of `npm run lab -- evaluate --lane sriov`: measures the lane, and leaves the result in the folder
// that the guest shares with the host.
//
//     node in-guest.js PLAN        EvaluationPlan as JSON
import { leaveResult } from '../kernel/guest-result.ts';
import { runEvaluation } from './evaluate.ts';
import type { EvaluationPlan } from './model/cells.ts';

const [text = ''] = process.argv.slice(2);
const plan: EvaluationPlan = JSON.parse(text);
await leaveResult(await runEvaluation('sriov', plan));
