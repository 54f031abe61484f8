/** vswitchd runs, but has no datapath: there is no bridge yet. */
export class NoDatapath extends Error {
  override readonly name = 'NoDatapath';
  constructor() {
    super('ovs-vswitchd has no datapath: it has no bridge yet');
  }
}

/** vswitchd has several datapaths, and none is configured. */
export class SeveralDatapaths extends Error {
  override readonly name = 'SeveralDatapaths';
  constructor(names: readonly string[]) {
    super(
      `ovs-vswitchd has the datapaths ${names.join(' and ')}: set \`datapath\` to the one to read`,
    );
  }
}

/** A flow that vswitchd printed alone is not in the known format. */
export class FlowUnreadable extends Error {
  override readonly name = 'FlowUnreadable';
  constructor(ufid: string, text: string) {
    super(`dpctl/get-flow ${ufid} printed no readable flow: ${text.slice(0, 200)}`);
  }
}
