/** Not for the moment, through nobody's fault who asks: too many passwords at once, an OpenID provider that is away. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
