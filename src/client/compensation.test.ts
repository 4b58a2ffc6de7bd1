import { messageCodec } from '../contract/services';
import type { CompensateRequest__Output } from '../contract/generated/annals/v1/CompensateRequest';
import type { CompensateResponse__Output } from '../contract/generated/annals/v1/CompensateResponse';
import { decodeBson } from '../kernel/content/decode-content';
import { compensateRequest, compensateResult, wireSelectionToRedact } from './compensation';
import { AppendRefusedError } from './errors';

const request = messageCodec<CompensateRequest__Output>('CompensateRequest');
const response = messageCodec<CompensateResponse__Output>('CompensateResponse');

test('a compensation says all that it was told, and has an id before it is sent', () => {
  const told = {
    content: { total: 41 },
    reason: 'a typing error',
    type: 'order.placed',
    generation: 2,
    correlationId: 'c',
    causationId: 'e',
    causedBy: 'me',
    occurred: new Date(1_700_000_000_123),
    validFrom: new Date(-1),
  };
  const sent = request.decode(request.encode(compensateRequest(told)));
  expect(sent).toMatchObject({
    reason: 'a typing error',
    type: 'order.placed',
    generation: 2,
    correlationId: 'c',
    causationId: 'e',
    causedBy: 'me',
    occurred: { seconds: 1_700_000_000, nanos: 123_000_000 },
    validFrom: { seconds: -1, nanos: 999_000_000 },
    contentType: 'CONTENT_TYPE_BSON',
  });
  expect(decodeBson(sent.content)).toEqual({ total: 41 });
  expect(sent.compensationId).toMatch(/^[0-9a-f-]{36}$/);
  expect(compensateRequest({ ...told, compensationId: 'mine' }).compensationId).toBe('mine');
});

test('JSON text is sent as it stands', () => {
  const { content, contentType } = compensateRequest({ json: '{"n":12345678901234567890}', reason: 'r' });
  expect(String(content)).toBe('{"n":12345678901234567890}');
  expect(contentType).toBe('CONTENT_TYPE_JSON');
});

test('what stands against a compensation is all of it in the error', () => {
  const violations = ['SCHEMA_VIOLATION', 'CONSTRAINT_VIOLATION'].map((code, n) => ({
    code,
    message: `rule ${n}`,
    field: 'content',
    sequenceNumber: n,
    metadata: { constraint: 'a' },
  }));
  const refused = response.decode(response.encode({ refused: { violations } }));
  expect(() => compensateResult(refused)).toThrow(AppendRefusedError);
  expect(() => compensateResult(refused)).toThrow(expect.objectContaining({ violations }));
});

test.each([
  { type: '', eventSourceId: 'order-1' },
  { type: 'order.placed', eventSourceId: '' },
])('half a selection is not redacted: %j', (selection) => {
  expect(() => wireSelectionToRedact(selection)).toThrow(expect.objectContaining({ code: 'INVALID_FIELD' }));
});
