import { createHash } from 'node:crypto';
import { accepted, type Checked, type Refusal, refuse, refused } from '../contract/refusal.ts';
import { recordAct } from '../journal/audit.ts';
import { type Database, type Queryable, transaction } from '../journal/database.ts';
import { asBuffer } from '../journal/rows.ts';
import type { By } from './work.ts';

/** A piece of evidence as somebody brought it. */
export interface Brought {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface Attachment extends Brought {
  /** Of the bytes, hex: its name everywhere. */
  readonly sha256: string;
  readonly broughtBy: string;
  readonly at: Date;
}

export interface AttachmentParts {
  readonly database: Database;
  readonly limits: { readonly attachmentBytes: number };
  nowMs(): number;
}

/** What people attach; nothing that a browser runs. It is only ever given back as a file. */
export const evidenceTypes: readonly string[] = [
  'application/pdf',
  'application/json',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'image/png',
  'image/jpeg',
  'text/plain',
  'text/csv',
  'message/rfc822',
];
const NAME = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/\\]{1,200}$/u;

/**
 * Keeps a piece of evidence under its SHA-256; the same bytes again are the first ones. Whether it holds a virus is not
 * looked at. Refused: empty or too large (`too-large`), a name or a media type that will not do.
 */
export async function keepAttachment(
  parts: AttachmentParts,
  by: By,
  brought: Brought,
): Promise<Checked<{ readonly sha256: string; readonly isNew: boolean }>> {
  const { name, mediaType, bytes } = brought;
  const wrong: Refusal[] = [];
  if (!NAME.test(name) || name.startsWith('.')) wrong.push(refuse('bad-format', '/name'));
  if (!evidenceTypes.includes(mediaType)) wrong.push(refuse('unknown-code', '/mediaType'));
  if (bytes.length === 0) wrong.push(refuse('missing-field', '/bytes'));
  if (bytes.length > parts.limits.attachmentBytes) {
    wrong.push(refuse('too-large', '/bytes', String(parts.limits.attachmentBytes)));
  }
  if (wrong.length > 0) return refused(...wrong);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const at = new Date(parts.nowMs());
  return transaction(parts.database, async (connection) => {
    const { rowCount } = await connection.query(
      `insert into clearing_attachment (sha256, name, media_type, bytes, brought_by, at)
       values ($1, $2, $3, $4, $5, $6) on conflict (sha256) do nothing`,
      [sha256, name, mediaType, asBuffer(bytes), by.name, at],
    );
    const isNew = rowCount === 1;
    const detail = { bytes: bytes.length, isNew };
    await recordAct(connection, { actor: by.name, role: by.role, act: 'attachment-kept', subject: sha256, detail, at });
    return accepted({ sha256, isNew });
  });
}

/** A piece of evidence; undefined: there is none of that digest, or it is not for these eyes. */
export async function readAttachment(connection: Queryable, sha256: string): Promise<Attachment | undefined> {
  const { rows } = await connection.query<Attachment & Record<string, unknown>>(
    `select sha256, name, media_type as "mediaType", bytes, brought_by as "broughtBy", at
       from clearing_attachment where sha256 = $1`,
    [sha256],
  );
  return rows[0];
}
