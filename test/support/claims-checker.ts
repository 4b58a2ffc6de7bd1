/**
 * The judge of constraints: follows the log as it stands in the database and says what must be held, by
 * no line of the server's own. It knows the rules from the documentation alone, and values that are
 * text, numbers or booleans.
 */
import { type Long, type Db } from 'mongodb';

interface Rule {
  readonly kind: 'unique-value' | 'unique-event-type';
  readonly type?: string;
  readonly types?: readonly {
    readonly type: string;
    readonly properties: readonly string[];
    readonly generation: number;
  }[];
  readonly scope?: { readonly kind: string; readonly property?: string };
  readonly ignoreCase?: boolean;
  readonly releasedBy: readonly string[];
  readonly holder?: 'event' | 'source';
}

interface EventDocument {
  readonly _id: Long;
  readonly type: string;
  readonly eventSourceId: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly redaction?: object;
  readonly announces?: { readonly kind: string; readonly sequenceNumber: Long | number };
}

interface Holder {
  readonly value: string;
  readonly event: number;
  readonly source: string;
}

/** Everything that is wrong with the claims of a sequence's constraints; empty when claims and events agree. */
export async function claimObjections(db: Db, collection: string): Promise<string[]> {
  const sequence = collection.replace(/^sequence\+/, '');
  const constraints = await db
    .collection<{ _id: string; ledger: string; definition: { rule: Rule } }>('constraints')
    .find({ state: 'in-force', 'definition.sequence': sequence })
    .toArray();
  const events = await db
    .collection<EventDocument>(collection)
    .find({}, { sort: { _id: 1 } })
    .toArray();
  const found = await Promise.all(
    constraints.map(async ({ _id, ledger, definition }) => {
      const rows = await db
        .collection<{ _id: string; event: number; source: string }>('constraint-claims')
        .find({ constraint: ledger })
        .toArray();
      const expected = follow(definition.rule, events);
      const held = new Set(expected.map(({ value }) => value));
      return [
        ...(held.size === expected.length ? [] : [`${_id}: a value is held twice: ${JSON.stringify(expected)}`]),
        ...differences(
          _id,
          expected.map(({ event, source }) => `${event} of ${source}`),
          rows.map(({ event, source }) => `${String(event)} of ${source}`),
        ),
      ];
    }),
  );
  return found.flat();
}

function differences(name: string, expected: readonly string[], rows: readonly string[]): string[] {
  const [claimed, due] = [new Set(rows), new Set(expected)];
  const missing = expected.filter((one) => !claimed.has(one)).map((one) => `${name}: no claim for event ${one}`);
  const orphans = rows.filter((one) => !due.has(one)).map((one) => `${name}: an orphaned claim for event ${one}`);
  const count = rows.length === expected.length ? [] : [`${name}: ${rows.length} claims for ${expected.length} values`];
  return [...missing, ...orphans, ...count];
}

function follow(rule: Rule, events: readonly EventDocument[]): Holder[] {
  let held: Holder[] = [];
  /** The last event that decides what a source holds: whatever came before it is over. */
  const decided = new Map<string, number>();
  for (const { _id, type, eventSourceId: source, content, redaction, announces } of events) {
    const number = Number(_id);
    if (announces?.kind === 'constraint') continue;
    if (rule.kind === 'unique-event-type') {
      if (announces !== undefined) continue;
      if (rule.releasedBy.includes(type)) held = held.filter((one) => one.source !== source);
      if (type === rule.type) held.push({ value: source, event: number, source });
      continue;
    }
    const says =
      redaction === undefined && announces?.kind !== 'redaction' ? valueOf(rule, type, source, content) : undefined;
    if (announces !== undefined) {
      const about = Number(announces.sequenceNumber);
      held = held.filter((one) => one.event !== about);
      const over = (decided.get(source) ?? -1) > about;
      if (says !== undefined && !over) held.push({ value: says, event: about, source });
      continue;
    }
    const claims = rule.types?.some((one) => one.type === type) === true;
    if (rule.releasedBy.includes(type) || (rule.holder === 'source' && claims)) {
      held = held.filter((one) => one.source !== source);
      decided.set(source, number);
    }
    if (says !== undefined) held.push({ value: says, event: number, source });
  }
  return held;
}

/** The value as text; undefined when there is none. */
function valueOf(rule: Rule, type: string, source: string, content: EventDocument['content']): string | undefined {
  const claiming = rule.types?.find((one) => one.type === type);
  if (claiming === undefined) return undefined;
  const document = content[String(claiming.generation)] ?? Object.values(content)[0];
  const values = claiming.properties.map((path) => at(document, path));
  const scope = rule.scope?.kind === 'property' ? at(document, rule.scope.property ?? '') : source;
  if ([...values, scope].some((value) => value === undefined || value === null)) return undefined;
  const folded = values.map((value) =>
    rule.ignoreCase === true && typeof value === 'string' ? value.toLowerCase() : value,
  );
  return JSON.stringify([rule.scope?.kind === 'sequence' ? null : scope, ...folded]);
}

const at = (document: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], document);
