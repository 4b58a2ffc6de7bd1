import { AnnalsError } from '../kernel/annals-error';

/** The code and the field with which something is refused; undefined when it is not. */
export function refusalCode(refused: () => unknown): [string, string | undefined] | undefined {
  try {
    refused();
  } catch (error) {
    if (error instanceof AnnalsError) return [error.code, error.field];
    throw error;
  }
  return undefined;
}
