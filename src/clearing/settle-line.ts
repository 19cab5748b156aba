/** What a bank says of one payment, in whichever message. */
export interface StatusLine {
  /** 1 for the first of the file. */
  readonly line: number;
  /** End-to-end id of the payment. */
  readonly names: string;
  readonly says: 'settled' | 'failed' | 'pending';
  /** The bank's own reference; of what failed its reason. */
  readonly reference: string | null;
  /** Null: it does not say. */
  readonly fen: bigint | null;
  /** Id of the message with the payment, where it says so. */
  readonly messageId?: string;
  /** The account that was booked, and which way; of a notification only. */
  readonly booked?: { readonly account: string; readonly way: 'in' | 'out' };
}
