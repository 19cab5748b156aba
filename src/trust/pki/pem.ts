/** PEM (RFC 7468). OpenSSL reads a CRL only under the label `X509 CRL`. */
export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'X509 CRL';

export function pemOf(label: PemLabel, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** Every block with that label, in order; none when there is none. Text around the blocks is allowed, bad base64 is not. */
export function dersOfPem(label: PemLabel, pem: string): readonly Uint8Array[] {
  const blocks = pem.matchAll(
    new RegExp(`-----BEGIN ${label}-----\\r?\\n([A-Za-z0-9+/=\\r\\n]+)-----END ${label}-----`, 'g'),
  );
  return [...blocks].map(([, body = '']) => new Uint8Array(Buffer.from(body, 'base64')));
}
