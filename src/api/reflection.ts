/** The contract's descriptors as reflection tells them: the files as they were written, which `npm run generate` keeps. */
import { ReflectionService } from '@grpc/reflection';
import { FILE_DESCRIPTOR_SET_BASE64 } from '../contract/generated/descriptors';
import { ProtoReader } from '../contract/wire/proto-reader';

/** The files of the descriptor set, each encoded: its one field, repeated. */
function files(): Buffer[] {
  const reader = new ProtoReader(Buffer.from(FILE_DESCRIPTOR_SET_BASE64, 'base64'));
  const found: Buffer[] = [];
  while (reader.more()) {
    reader.tag();
    found.push(reader.bytes());
  }
  return found;
}

/** Of a definition the service reads the descriptors alone; the rest is there for the type. */
export const reflection = (): ReflectionService =>
  new ReflectionService({
    'annals.v1': { format: 'Protocol Buffer 3 EnumDescriptorProto', type: {}, fileDescriptorProtos: files() },
  });
