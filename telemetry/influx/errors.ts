/** InfluxDB rejected a statement that creates a database or a retention policy. */
export class InfluxStatementFailed extends Error {
  override readonly name = 'InfluxStatementFailed';
}
