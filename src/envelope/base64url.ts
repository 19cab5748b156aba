/** Base64url without padding (RFC 7515 §2), in its one spelling. */

export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/**
 * Undefined unless the text is the very one the encoder would give.
 *
 * Node's decoder skips what it does not know and ignores trailing bits, so many spellings would share one signature
 * (padding, spaces, line ends, altered last character); encoding again and comparing shuts all of them out at once.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
