/**
 * The type of the content that a JSON Schema describes, as far as TypeScript can say it. What it cannot say (a pattern,
 * a minimum, `not`) is left to the server, which checks every event against the schema itself.
 */

/** A JSON Schema (2020-12, or draft-07 when `$schema` says so). It refers to nothing outside itself. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };

declare const CONTENT: unique symbol;

/** A schema whose content has a type of the program's own, because `schema<Content>(…)` says so. */
export type TypedSchema<Content> = { readonly [keyword: string]: unknown } & { readonly [CONTENT]: Content };

/** Gives a schema's content the program's own type. The server checks the schema; that the two agree is the program's word. */
export function schema<Content extends object>(json: JsonSchema): TypedSchema<Content> {
  // The mark is there for the compiler alone.
  return json as TypedSchema<Content>;
}

/** What an event has whose content is of no known shape. */
type AnyContent = Readonly<Record<string, unknown>>;

/** The content that a schema describes: its own type where it has one, else what the literal says. */
export type ContentOfSchema<S> =
  S extends TypedSchema<infer Content> ? (Content extends object ? Content : AnyContent) : ObjectOrAny<Value<S, S>>;

type ObjectOrAny<T> = unknown extends T ? AnyContent : T extends object ? T : AnyContent;

/** Each keyword narrows what the others leave; one that is absent says nothing. */
type Value<S, Root> = S extends boolean
  ? S extends false
    ? never
    : unknown
  : Flat<Reference<S, Root> & Fixed<S> & Typed<S, Root> & AnyOf<S, Root> & OneOf<S, Root> & AllOf<S, Root>>;

type Reference<S, Root> = S extends { readonly $ref: infer Ref } ? Referenced<Ref, Root> : unknown;
type Referenced<Ref, Root> = Ref extends '#'
  ? Value<Root, Root>
  : Ref extends `#/${infer Group extends '$defs' | 'definitions'}/${infer Name}`
    ? Root extends { readonly [G in Group]: { readonly [N in Name]: infer Definition } }
      ? Value<Definition, Root>
      : unknown
    : unknown;

type Fixed<S> = S extends { readonly const: infer Constant }
  ? Constant
  : S extends { readonly enum: readonly (infer Member)[] }
    ? Member
    : unknown;

type AnyOf<S, Root> = S extends { readonly anyOf: readonly (infer Choice)[] } ? Each<Choice, Root> : unknown;
type OneOf<S, Root> = S extends { readonly oneOf: readonly (infer Choice)[] } ? Each<Choice, Root> : unknown;
/** The union of what each choice allows. */
type Each<Choice, Root> = Choice extends unknown ? Value<Choice, Root> : never;

type AllOf<S, Root> = S extends { readonly allOf: infer Parts } ? All<Parts, Root> : unknown;
type All<Parts, Root> = Parts extends readonly [infer First, ...infer Rest]
  ? Value<First, Root> & All<Rest, Root>
  : unknown;

type Typed<S, Root> = S extends { readonly type: readonly (infer Type)[] }
  ? OfType<Type, S, Root>
  : S extends { readonly type: infer Type }
    ? OfType<Type, S, Root>
    : S extends { readonly properties: unknown }
      ? ObjectOf<S, Root>
      : unknown;

type OfType<Type, S, Root> = Type extends 'string'
  ? string
  : Type extends 'number' | 'integer'
    ? number
    : Type extends 'boolean'
      ? boolean
      : Type extends 'null'
        ? null
        : Type extends 'array'
          ? ArrayOf<S, Root>
          : Type extends 'object'
            ? ObjectOf<S, Root>
            : unknown;

type ArrayOf<S, Root> = S extends { readonly items: infer Item } ? readonly Value<Item, Root>[] : readonly unknown[];

type ObjectOf<S, Root> = S extends { readonly properties: infer Properties }
  ? Members<Properties, RequiredOf<S>, Root>
  : S extends { readonly additionalProperties: infer Member }
    ? Readonly<Record<string, Value<Member, Root>>>
    : AnyContent;

type RequiredOf<S> = S extends { readonly required: readonly (infer Name)[] } ? Name : never;

type Members<Properties, Required, Root> = {
  readonly [Name in keyof Properties as Name extends Required ? Name : never]: Value<Properties[Name], Root>;
} & {
  readonly [Name in keyof Properties as Name extends Required ? never : Name]?: Value<Properties[Name], Root>;
};

/** An intersection of objects as one object, as a person reads it in an editor. */
type Flat<T> = unknown extends T
  ? T
  : T extends readonly unknown[]
    ? T
    : T extends object
      ? { readonly [Name in keyof T]: T[Name] }
      : T;
