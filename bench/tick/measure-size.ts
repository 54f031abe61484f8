// The process that the bench `tick` measures, one for each number of flows, so that its memory is its own:
//
//     node measure-size.js ROUNDS FILE...        dumps of the same flows
//
// Prints SizeFigures as JSON.
import { measureTicks } from './measure.ts';

const [rounds = '', ...files] = process.argv.slice(2);
const figures = await measureTicks(files, Number(rounds), new AbortController().signal);
console.log(JSON.stringify(figures));
