import type { ConversionTarget, MigrationStep } from './definition';

/**
 * The steps that turn content of one generation into content of a neighbour. Properties are paths such as
 * `customer.id`; `lines[].price` means every element of an array.
 */
export const step = {
  /** Moves a value; where it is absent nothing happens. */
  rename: (from: string, to: string): MigrationStep => ({ rename: { from, to } }),

  /** Gives a property a value where it is absent: any JSON value. */
  defaultTo: (property: string, value: unknown): MigrationStep => ({ default: { property, value } }),

  /** Leaves a property out. What it held is not known in the other generation. */
  remove: (property: string): MigrationStep => ({ remove: { property } }),

  /** Splits text into properties; the last one takes what is left. */
  split: (property: string, separator: string, into: readonly string[]): MigrationStep => ({
    split: { property, separator, into },
  }),

  /** Joins values that are there to one text. */
  join: (properties: readonly string[], separator: string, into: string): MigrationStep => ({
    join: { properties, separator, into },
  }),

  /** Turns a value into another type; fails on one that cannot be turned without loss. */
  convert: (property: string, to: ConversionTarget): MigrationStep => ({ convert: { property, to } }),

  /** Gives a property the value of a CEL expression over `content`, the content as it is at this step. */
  expression: (property: string, expression: string): MigrationStep => ({ expression: { property, expression } }),
} as const;
