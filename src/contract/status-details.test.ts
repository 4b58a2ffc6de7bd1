import fc from 'fast-check';
import { parse } from 'protobufjs';
import { AnnalsError } from '../kernel/annals-error';
import { decodeStatusDetails, encodeStatusDetails, errorOf, failureOf } from './status-details';

const error = new AnnalsError('CONTENT_TOO_LARGE', 'events[3].content has 2 MiB', {
  field: 'events[3].content',
  metadata: { limit: '1048576', actual: '2097152' },
});
const facts = ({ code, message, field, metadata }: AnnalsError) => ({ code, message, field, metadata });

test('an error comes back from its status details as it was', () => {
  const back = decodeStatusDetails(encodeStatusDetails(error));
  expect(back && facts(back)).toEqual(facts(error));
});

test('an error without a field comes back without one', () => {
  const plain = new AnnalsError('SHUTTING_DOWN');
  const back = decodeStatusDetails(encodeStatusDetails(plain));
  expect(back && facts(back)).toEqual(facts(plain));
});

test('an error comes back from an answer of an AppendStream as it was', () => {
  expect(facts(errorOf(failureOf(error)))).toEqual(facts(error));
});

test('a code of a newer server becomes INTERNAL and keeps its name', () => {
  const failure = { ...failureOf(error), code: 'SOMETHING_NEW' };
  expect(errorOf(failure)).toMatchObject({ code: 'INTERNAL', metadata: { code: 'SOMETHING_NEW' } });
});

test("any bytes are an error's details or none", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const read = decodeStatusDetails(Buffer.from(bytes));
      expect(read === undefined || read instanceof AnnalsError).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("the details are google.rpc's, as any gRPC client reads them", () => {
  const { root } = parse(`syntax = "proto3";
    message Any { string type_url = 1; bytes value = 2; }
    message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
    message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
    message BadRequest {
      message FieldViolation { string field = 1; string description = 2; }
      repeated FieldViolation field_violations = 1;
    }`);
  const read = (name: string, bytes: Uint8Array) => {
    const type = root.lookupType(name);
    return type.toObject(type.decode(bytes));
  };
  const status = read('Status', encodeStatusDetails(error));
  expect(status).toMatchObject({ code: 3, message: error.message });
  // toObject gives plain values of unknown shape; these two are what the schema above says.
  const [info, badRequest] = status['details'] as { typeUrl: string; value: Uint8Array }[];
  expect(info?.typeUrl).toBe('type.googleapis.com/google.rpc.ErrorInfo');
  expect(info && read('ErrorInfo', info.value)).toEqual({
    reason: 'CONTENT_TOO_LARGE',
    domain: 'annals',
    metadata: error.metadata,
  });
  expect(badRequest?.typeUrl).toBe('type.googleapis.com/google.rpc.BadRequest');
  expect(badRequest && read('BadRequest', badRequest.value)).toEqual({
    fieldViolations: [{ field: error.field, description: error.message }],
  });
});
