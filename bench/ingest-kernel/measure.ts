// Measures in the network namespace of ovs-vswitchd, and prints the figures.
//
//     node measure.js OVS SIZES
import { release } from 'node:os';
import type { KernelFigures, MeasuredOvs, Sizes } from './figures.ts';
import { measureReadings } from './readings.ts';

const ovs: MeasuredOvs = JSON.parse(process.argv[2] ?? '');
const sizes: Sizes = JSON.parse(process.argv[3] ?? '');
const { flows, made } = sizes;
const readings = await measureReadings(ovs, sizes);
const figures: KernelFigures = { release: release(), flows, made, ...readings };
console.log(JSON.stringify(figures));
