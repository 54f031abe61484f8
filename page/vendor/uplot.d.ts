/* uPlot's ES module, served under this name. */
export { default } from 'uplot';
