/** An envelope from our own journal, opened for reading: it was verified before it was kept, and is not again here. */
export interface KeptEnvelope {
  readonly header: Readonly<Record<string, unknown>>;
  /** The payload as JSON. */
  readonly payload: Readonly<Record<string, unknown>>;
}

interface GeneralJws {
  readonly payload: string;
  readonly signatures: readonly { readonly protected: string }[];
}

export function openKept(envelope: Uint8Array): KeptEnvelope {
  const jws = JSON.parse(Buffer.from(envelope).toString('utf8')) as GeneralJws;
  return { header: decoded(jws.signatures[0]!.protected), payload: decoded(jws.payload) };
}

function decoded(base64url: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8')) as Record<string, unknown>;
}
