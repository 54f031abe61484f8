import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { asError, errorCode, errorMessage } from '../../text/error-message.ts';

describe('what an error says', () => {
  it('is its message', () => {
    assert.equal(errorMessage(new TypeError('no such port')), 'no such port');
  });

  it('is what was thrown, when that is no error', () => {
    assert.equal(errorMessage('plain words'), 'plain words');
    assert.equal(errorMessage(undefined), 'undefined');
  });

  it('is its name, when it has no message', () => {
    assert.equal(errorMessage(new RangeError('')), 'RangeError');
  });

  it('is what its errors say, each thing once, when it stands for several', () => {
    const refused = new Error('connect ECONNREFUSED');
    const several = new AggregateError([refused, refused, 'unreachable']);
    assert.equal(errorMessage(several), 'connect ECONNREFUSED; unreachable');
    assert.equal(
      errorMessage(new AggregateError([refused], 'no backend started')),
      'no backend started',
    );
    assert.equal(errorMessage(new AggregateError([])), 'AggregateError');
  });

  it('names each address of a host that refused', async () => {
    const socket = connect({
      host: 'two.addresses',
      port: 1,
      autoSelectFamily: true,
      lookup: (_host, _options, found) =>
        found(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '127.0.0.2', family: 4 },
        ]),
    });
    const thrown = await once(socket, 'connect').catch((error: unknown) => error);
    assert.ok(thrown instanceof AggregateError);
    assert.equal(
      errorMessage(thrown),
      'connect ECONNREFUSED 127.0.0.1:1; connect ECONNREFUSED 127.0.0.2:1',
    );
  });
});

describe("the system's name of an error", () => {
  it('is its code, when that is a word', () => {
    assert.equal(errorCode(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT');
    assert.equal(errorCode(Object.assign(new Error('x'), { code: 2 })), undefined);
    assert.equal(errorCode({ code: 'ENOENT' }), undefined);
    assert.equal(errorCode(undefined), undefined);
  });
});

describe('what was thrown, as an error', () => {
  it('is the error itself', () => {
    const error = new TypeError('x');
    assert.equal(asError(error), error);
  });

  it('says what was thrown, when that is no error', () => {
    assert.equal(asError('plain words').message, 'plain words');
  });
});
