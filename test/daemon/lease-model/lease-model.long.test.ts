import { holds } from './schedules.ts';

describe('model of the lease, many schedules', function () {
  this.timeout(600_000);

  it('no packet follows an entry after a lapse or later than a lease after a change', async () => {
    await holds(undefined, 30_000, Date.now() % 2 ** 31);
  });
});
