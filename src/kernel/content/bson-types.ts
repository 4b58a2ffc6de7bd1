/**
 * The numbers of BSON's element types (bsonspec.org, version 1.1), under one roof for the codecs
 * beside this file. They copy what they switch on into constants of their own, which the compiler
 * folds into the machine code.
 */
export const BsonType = {
  DOUBLE: 0x01,
  STRING: 0x02,
  DOCUMENT: 0x03,
  ARRAY: 0x04,
  BINARY: 0x05,
  UNDEFINED: 0x06,
  OBJECT_ID: 0x07,
  BOOLEAN: 0x08,
  DATE: 0x09,
  NULL: 0x0a,
  REGEX: 0x0b,
  DB_POINTER: 0x0c,
  CODE: 0x0d,
  SYMBOL: 0x0e,
  CODE_WITH_SCOPE: 0x0f,
  INT32: 0x10,
  TIMESTAMP: 0x11,
  INT64: 0x12,
  DECIMAL128: 0x13,
  MAX_KEY: 0x7f,
  MIN_KEY: 0xff,
} as const;

/** Binary subtype 2 (old) repeats its length inside itself. */
export const BINARY_OLD = 0x02;
