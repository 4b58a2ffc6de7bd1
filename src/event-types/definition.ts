/**
 * What is registered: an event type, its generations and the migrations between them, as plain data.
 * It is stored as it is and mirrors `event_types.proto`.
 */

export interface EventTypeDefinition {
  readonly type: string;
  readonly description: string;
  /** Generations 1, 2, 3 … in this order. */
  readonly generations: readonly GenerationDefinition[];
  /** One in each direction between neighbours, in any order. */
  readonly migrations: readonly Migration[];
}

export interface GenerationDefinition {
  readonly generation: number;
  /** A JSON Schema as JSON text, as it was registered. */
  readonly schema: string;
}

/** How content of one generation becomes content of a neighbour: the steps in order. */
export interface Migration {
  readonly from: number;
  readonly to: number;
  readonly steps: readonly MigrationStep[];
}

export const CONVERT_TARGETS = ['string', 'integer', 'number', 'boolean', 'date'] as const;
export type ConvertTarget = (typeof CONVERT_TARGETS)[number];

/** Properties are paths such as `customer.id`; `lines[].price` means every element of an array. */
export type MigrationStep =
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  /** `value` is JSON text. */
  | { readonly kind: 'default'; readonly property: string; readonly value: string }
  | { readonly kind: 'remove'; readonly property: string }
  | { readonly kind: 'split'; readonly property: string; readonly separator: string; readonly into: readonly string[] }
  | { readonly kind: 'join'; readonly properties: readonly string[]; readonly separator: string; readonly into: string }
  | { readonly kind: 'convert'; readonly property: string; readonly to: ConvertTarget }
  | { readonly kind: 'expression'; readonly property: string; readonly expression: string };
