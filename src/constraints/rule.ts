/** What one event means under one constraint: what it releases, and what it claims. Pure. */
import type { GenerationContent } from '../kernel/generation-content';
import { canonicalValue, claimKey, sourceValue, type CanonicalValue } from './claim-key';
import type { ConstrainedEvent } from './constraint-keeper';
import type { ConstraintDefinition, UniqueEventType, UniqueValue } from './definition';
import { propertyPath, readProperty, type PropertyPath } from './property-value';

/** The content of an event in a generation that is not among those it has; undefined when it cannot be cast there. */
export type CastContent = (
  type: string,
  contents: readonly GenerationContent[],
  generation: number,
) => Buffer | undefined;

/** A value that an event claims. */
export interface Claim {
  readonly key: string;
  /** The properties that make it. */
  readonly properties: readonly string[];
  /** As it was written, for a person. */
  readonly shown: string;
}

/** Why nothing can be claimed although something should be. */
export interface NotScalar {
  readonly property: string;
  readonly found: string;
}

/** What an event does under a constraint. What it releases is released before it claims. */
export interface Effect {
  readonly rule: Rule;
  readonly source: string;
  /** What the event's source holds is released. */
  readonly releasesSource: boolean;
  /** What this event holds is released, and what is claimed is claimed for it. */
  readonly instead?: number;
  /** The effect is none when the source has a later event of one of these types: that one has decided already. */
  readonly unlessLater: readonly string[];
  readonly claim?: Claim;
  readonly notScalar?: NotScalar;
}

interface Property {
  readonly name: string;
  readonly path: PropertyPath;
}

interface Claiming {
  readonly generation: number;
  readonly properties: readonly Property[];
}

/** A constraint, ready for use. */
export class Rule {
  readonly #types = new Map<string, Claiming>();
  readonly #releasers: ReadonlySet<string>;
  readonly #scope: Property | undefined;
  readonly #deciding: readonly string[];

  /** @param ledger under which its claims are kept: another one each time that it comes into force. */
  constructor(
    readonly definition: ConstraintDefinition,
    readonly ledger: string,
  ) {
    const { rule } = definition;
    this.#releasers = new Set(rule.releasedBy);
    if (rule.kind === 'unique-event-type') {
      this.#types.set(rule.type, { generation: 0, properties: [] });
      this.#deciding = [];
      return;
    }
    for (const { type, generation, properties } of rule.types) {
      this.#types.set(type, { generation, properties: properties.map(propertyOf) });
    }
    const { scope } = rule;
    this.#scope = scope.kind === 'property' ? propertyOf(scope.property) : undefined;
    this.#deciding = rule.holder === 'source' ? this.types : rule.releasedBy;
  }

  get name(): string {
    return this.definition.name;
  }

  /** The types whose events do anything under it. */
  get types(): string[] {
    return [...new Set([...this.#types.keys(), ...this.#releasers])];
  }

  /** What a source holds may be released by later events of it, so those cannot be looked at beside each other. */
  get bindsSource(): boolean {
    const { rule } = this.definition;
    return this.#releasers.size > 0 || (rule.kind === 'unique-value' && rule.holder === 'source');
  }

  /** Undefined when the event does nothing under this constraint. */
  effectOf(event: ConstrainedEvent, cast: CastContent): Effect | undefined {
    const { rule } = this.definition;
    const claiming = this.#types.get(event.type);
    const releases = event.instead === undefined && this.#releasers.has(event.type);
    if (claiming === undefined && !releases) return undefined;
    return rule.kind === 'unique-value'
      ? this.#valueEffect(rule, claiming, releases, event, cast)
      : this.#typeEffect(rule, releases, event);
  }

  /** That there was an event of the type stays true when its content is replaced or taken away. */
  #typeEffect(rule: UniqueEventType, releases: boolean, event: ConstrainedEvent): Effect | undefined {
    if (event.instead !== undefined) return undefined;
    const source = event.eventSourceId;
    const effect: Effect = { rule: this, source, releasesSource: releases, unlessLater: [] };
    if (event.type !== rule.type) return effect;
    const value = sourceValue(source);
    const key = claimKey(this.ledger, undefined, [value]);
    return { ...effect, claim: { key, properties: ['event_source_id'], shown: value.shown } };
  }

  #valueEffect(
    rule: UniqueValue,
    claiming: Claiming | undefined,
    releases: boolean,
    event: ConstrainedEvent,
    cast: CastContent,
  ): Effect {
    const { instead, eventSourceId: source } = event;
    const isNew = instead === undefined;
    const effect: Effect = {
      rule: this,
      source,
      // The source holds what its last event says, so what an earlier one said is over, whatever this one has.
      releasesSource: isNew && (releases || rule.holder === 'source'),
      // One that claims nothing any more has nothing to be decided.
      unlessLater: isNew || event.contents.length === 0 ? [] : this.#deciding,
      ...(isNew ? {} : { instead }),
    };
    if (claiming === undefined) return effect;
    const content = contentIn(event, claiming.generation, cast);
    return content === undefined ? effect : { ...effect, ...this.#claim(rule, claiming, source, content) };
  }

  #claim(
    rule: UniqueValue,
    { properties }: Claiming,
    source: string,
    content: Buffer,
  ): Pick<Effect, 'claim' | 'notScalar'> {
    const values = properties.map((property) => valueAt(content, property, rule.ignoreCase));
    const scope = this.#scope === undefined ? [] : [valueAt(content, this.#scope, false)];
    const found = [...scope, ...values];
    const notScalar = found.find((value) => value !== undefined && 'found' in value);
    if (notScalar !== undefined) return { notScalar: notScalar };
    if (found.includes(undefined)) return {};
    const within = rule.scope.kind === 'event-source' ? sourceValue(source) : scope[0];
    // What is not a value has led out above.
    const key = claimKey(this.ledger, within as CanonicalValue | undefined, values as CanonicalValue[]);
    const shown = (values as CanonicalValue[]).map((value) => value.shown).join(', ');
    return { claim: { key, properties: properties.map(({ name }) => name), shown } };
  }
}

/**
 * An event of a type that is not registered may have been written in any one generation, which is then
 * all that is known of it. One whose content cannot be cast claims nothing.
 */
function contentIn({ type, contents }: ConstrainedEvent, generation: number, cast: CastContent): Buffer | undefined {
  if (contents.length === 0) return undefined;
  return contents.find((of) => of.generation === generation)?.content ?? cast(type, contents, generation);
}

const propertyOf = (name: string): Property => ({ name, path: propertyPath(name) });

/** Undefined where there is nothing. */
function valueAt(
  content: Buffer,
  { name, path }: Property,
  ignoreCase: boolean,
): CanonicalValue | NotScalar | undefined {
  const value = readProperty(content, path);
  if (value.kind === 'absent') return undefined;
  if (value.kind === 'not-scalar') return { property: name, found: value.found };
  return canonicalValue(value, ignoreCase);
}
