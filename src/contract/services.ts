import { loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The options that the generated types (`npm run generate`) are made with; the two must agree. */
const LOADER_OPTIONS = { longs: Number, enums: String, defaults: true, arrays: true, oneofs: true } as const;

const FILES = [
  'event_sequences',
  'event_types',
  'constraints',
  'observers',
  'links',
  'ordered_sequences',
  'correlation',
  'identities',
  'jobs',
  'stores',
  'server',
].map((name) => `annals/v1/${name}.proto`);

/** The folder `proto/`, seen from the sources and from `dist`. */
function protoRoot(): string {
  const candidates = ['../../proto', '../../../proto'].map((up) => join(__dirname, up));
  const found = candidates.find((folder) => existsSync(join(folder, 'annals')));
  if (found === undefined) throw new Error(`the folder proto/ is missing beside ${candidates.join(' or ')}`);
  return found;
}

let loaded: PackageDefinition | undefined;

/** The contract, read from the protos once. */
export function contract(): PackageDefinition {
  loaded ??= loadSync(FILES, { ...LOADER_OPTIONS, includeDirs: [protoRoot()] });
  return loaded;
}

export type ServiceName =
  | 'EventSequences'
  | 'EventTypes'
  | 'Constraints'
  | 'Observers'
  | 'Links'
  | 'OrderedSequences'
  | 'Correlation'
  | 'Identities'
  | 'Jobs'
  | 'Stores'
  | 'Server';

/** One service of the contract, by its name in `annals.v1`. */
export function serviceDefinition(name: ServiceName): ServiceDefinition {
  // The loader types every entry as the union of services, messages and enums; the name says which it is.
  return contract()[`annals.v1.${name}`] as ServiceDefinition;
}

/** Encodes and decodes one message of the contract by itself, where it travels inside another as bytes. */
export interface MessageCodec<Decoded> {
  encode(message: object): Buffer;
  decode(bytes: Buffer): Decoded;
}

/** @typeParam Decoded the generated `…__Output` type of the message. */
export function messageCodec<Decoded>(name: string): MessageCodec<Decoded> {
  const type = contract()[`annals.v1.${name}`] as MessageTypeDefinition<object, Decoded & object>;
  return { encode: (message) => type.serialize(message), decode: (bytes) => type.deserialize(bytes) };
}
