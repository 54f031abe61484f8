// Measures in the network namespace of ovs-vswitchd, and prints the figures.
//
//     node measure.js OVS SIZES
import { release } from 'node:os';
import type { MeasuredOvs, ReadingFigures, ReadingSizes } from './figures.ts';
import { measureReadings } from './readings.ts';

const ovs: MeasuredOvs = JSON.parse(process.argv[2] ?? '');
const sizes: ReadingSizes = JSON.parse(process.argv[3] ?? '');
const { flows, made } = sizes;
const readings = await measureReadings(ovs, sizes);
const figures: ReadingFigures = { release: release(), flows, made, ...readings };
console.log(JSON.stringify(figures));
