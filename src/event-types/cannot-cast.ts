/** Content that a step cannot be applied to; `message` says why. Thrown within a cast and caught by it. */
export class CannotCast extends Error {
  override readonly name = 'CannotCast';
}
