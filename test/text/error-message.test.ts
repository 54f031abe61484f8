import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { asError, errorCode, errorMessage } from '../../text/error-message.ts';

describe('error message', () => {
  it("is the error's message", () => {
    assert.equal(errorMessage(new TypeError('no such port')), 'no such port');
  });

  it('is the thrown value as text, if that is not an error', () => {
    assert.equal(errorMessage('plain words'), 'plain words');
    assert.equal(errorMessage(undefined), 'undefined');
  });

  it("is the error's name, if it has no message", () => {
    assert.equal(errorMessage(new RangeError('')), 'RangeError');
  });

  it('is the distinct messages of the errors in an AggregateError', () => {
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

describe("the system's code of an error", () => {
  it('is its code, if that is a string', () => {
    assert.equal(errorCode(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT');
    assert.equal(errorCode(Object.assign(new Error('x'), { code: 2 })), undefined);
    assert.equal(errorCode({ code: 'ENOENT' }), undefined);
    assert.equal(errorCode(undefined), undefined);
  });
});

describe('the thrown value as an error', () => {
  it('is the error itself', () => {
    const error = new TypeError('x');
    assert.equal(asError(error), error);
  });

  it('has the thrown value as message, if that is not an error', () => {
    assert.equal(asError('plain words').message, 'plain words');
  });
});
