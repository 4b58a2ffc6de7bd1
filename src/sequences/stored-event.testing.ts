/** For tests of what readers get: stored events with everything that may have happened to them, and types that cast. */
import fc from 'fast-check';
import { BSON, Long } from 'mongodb';
import type { CompiledType, TypesOfStore } from '../event-types/types-of-store';
import type { GenerationContent } from '../kernel/generation-content';
import { anyContent, anyDate, anyDraft, anyNumber, anyText, documentOf } from '../storage/arbitrary-event.testing';
import type { NewCompensation, NewRedaction } from '../storage/change-events';
import type { EventDraft } from '../storage/event-document';

type RedactionFacts = Omit<NewRedaction, 'numbers'>;

/** An event as it is recorded, and what happened to it since. Dates are ms since 1970. */
export interface EventFacts {
  readonly draft: EventDraft;
  readonly number: number;
  readonly recorded: number;
  readonly compensations: readonly NewCompensation[];
  readonly redaction: RedactionFacts | undefined;
}

const decoded = (contents: readonly GenerationContent[]) =>
  Object.fromEntries(
    contents.map(({ generation, content }) => [
      String(generation),
      BSON.deserialize(content, { promoteValues: false }),
    ]),
  );

/** The document that is stored of it. */
export const storedDocument = ({ draft, number, recorded, compensations, redaction }: EventFacts): Buffer =>
  Buffer.from(
    BSON.serialize({
      ...documentOf(draft, number, recorded),
      compensations: compensations.map(({ contents, sequenceNumber, ...rest }) => ({
        ...rest,
        content: decoded(contents),
        occurred: new Date(rest.occurred),
        recorded: new Date(rest.recorded),
        validFrom: new Date(rest.validFrom),
        sequenceNumber: Long.fromNumber(sequenceNumber),
      })),
      ...(redaction === undefined
        ? {}
        : {
            redaction: {
              ...redaction,
              recorded: new Date(redaction.recorded),
              sequenceNumber: Long.fromNumber(redaction.sequenceNumber),
            },
          }),
    }),
  );

const anyCompensation: fc.Arbitrary<NewCompensation> = fc
  .record({
    compensationId: anyText,
    correlationId: anyText,
    causationId: fc.oneof(fc.constant(''), anyText),
    causedBy: fc.oneof(fc.constant(''), anyText),
    occurred: anyDate,
    recorded: anyDate,
    validFrom: anyDate,
    reason: anyText,
    sequenceNumber: anyNumber,
  })
  .chain((facts) =>
    fc.tuple(fc.array(anyContent, { minLength: 1, maxLength: 3 }), fc.nat()).map(([contents, written]) => ({
      ...facts,
      generation: (written % contents.length) + 1,
      contents: contents.map((content, i) => ({ generation: i + 1, content })),
    })),
  );

const anyRedaction: fc.Arbitrary<RedactionFacts> = fc.record({
  reason: anyText,
  causedBy: fc.oneof(fc.constant(''), anyText),
  recorded: anyDate,
  sequenceNumber: anyNumber,
});

/** Mostly one to which nothing has happened. */
export const anyEventFacts: fc.Arbitrary<EventFacts> = fc.record({
  draft: anyDraft,
  number: anyNumber,
  recorded: anyDate,
  compensations: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(anyCompensation, { minLength: 1, maxLength: 3 }) },
  ),
  redaction: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: anyRedaction }),
});

/**
 * A type of so many generations whose casts say where they lead from and to. @param broken the steps that
 * fail, such as `2→3`.
 */
export function typeOf(name: string, latest: number, broken: readonly string[] = []): CompiledType {
  const generations = Array.from({ length: latest }, (_, i) => i + 1);
  return {
    name,
    generations,
    latest,
    validate: () => [],
    cast: (content, from, to) => {
      const step = Math.sign(to - from);
      let at = content;
      for (let g = from; g !== to; g += step) {
        const leg = `${g}→${g + step}`;
        if (broken.includes(leg)) return { failure: `${leg} fails` };
        at = Buffer.from(BSON.serialize({ step: leg, of: BSON.deserialize(at, { promoteValues: false }) }));
      }
      return { content: at };
    },
  };
}

export function typesOf(types: readonly CompiledType[], revision = 1): TypesOfStore {
  const byName = new Map(types.map((type) => [type.name, type]));
  return { revision, strict: false, empty: types.length === 0, type: (name) => byName.get(name) };
}
