/** Where the next page of a trace begins: of which correlations, and how far each stream of their events has come. */
import { AnnalsError } from '../../src/kernel/annals-error';

export interface PageState {
  readonly correlationIds: readonly string[];
  readonly cursors: ReadonlyMap<string, string>;
}

/** What a token of another form would be misread as. */
const VERSION = 1;

export const pageToken = ({ correlationIds, cursors }: PageState): string =>
  Buffer.from(JSON.stringify([VERSION, correlationIds, [...cursors]])).toString('base64url');

/** Correlations of one event id: it may be recorded in several sequences, each time under another one. */
const CORRELATIONS = 100;

/** @throws AnnalsError INVALID_FIELD for what is no token. */
export function parsedPageToken(token: string): PageState {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (isState(parsed) && parsed[1].length <= CORRELATIONS)
      return { correlationIds: parsed[1], cursors: new Map(parsed[2]) };
  } catch {
    // Said below.
  }
  throw notOurs();
}

/** A number of a cursor. @throws AnnalsError INVALID_FIELD */
export function placeInToken(text: string, most: number = Number.MAX_SAFE_INTEGER): number {
  const place = Number(text);
  if (/^\d+$/.test(text) && place <= most) return place;
  throw notOurs();
}

export const notOurs = (): AnnalsError =>
  new AnnalsError('INVALID_FIELD', 'page_token is none that an earlier page of this trace came with', {
    field: 'page_token',
  });

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

const isPairs = (value: unknown): value is [string, string][] =>
  Array.isArray(value) && value.every((pair) => isTexts(pair) && pair.length === 2);

const isState = (value: unknown): value is [number, string[], [string, string][]] =>
  Array.isArray(value) && value.length === 3 && value[0] === VERSION && isTexts(value[1]) && isPairs(value[2]);
