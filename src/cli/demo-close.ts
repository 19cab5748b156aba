import { signDay } from '../clearing/settle-day.ts';
import { dateAt } from '../contract/dates.ts';
import { exchanges } from '../contract/exchange.ts';
import {
  type BreakLine,
  type BreakRecord,
  type Day,
  showBooks,
  showBreaks,
  showChecklist,
  showNets,
} from './demo-close-tables.ts';
import { type Caller, callerAt, newPerson, newProgram } from './demo-desk.ts';
import type { Act } from './demo-report.ts';
import { table } from './table.ts';

/** The last of the three closes its day at 17:00. */
const EVENING_MS = 8 * 3_600_000;
/** The mock that books a deal wrongly. */
const CARELESS = 'szse';

interface Instructions {
  readonly items: readonly { id: string; payer: string; payee: string; amount: string; file: string; state: string }[];
}

/**
 * The day's close over the gateway's surface: three books fetched, one break (its mock was told to misbook a deal) worked by
 * two people, netted, signed by the three exchanges, instructed, settled, closed. Every line is read back from the database.
 */
export async function closeDay(act: Act): Promise<boolean> {
  const { federation, say, operatorToken } = act;
  const { gateway, clock, mocks } = federation;
  const url = gateway.url;
  const supervisor = callerAt(url, operatorToken);
  const date = dateAt(clock.nowMs());
  await gateway.closing.sweep();
  mocks[CARELESS].fail('statement', 'misposted', 1);
  clock.advance(EVENING_MS);
  await gateway.closing.sweep();
  const day = () => supervisor.get<Day>(`/v1/clearing/cycles/${date}`);
  await showBooks(await day(), say);

  const { items } = await supervisor.get<{ items: BreakLine[] }>('/v1/clearing/breaks');
  await say(`  ${CARELESS} 的模拟所奉命错记一笔 / the mock of ${CARELESS} was told to misbook one deal`);
  const [maker, checker] = [
    await newPerson(url, supervisor, 'wang.min', 'maker'),
    await newPerson(url, supervisor, 'li.na', 'checker'),
  ];
  for (const { id } of items) await resolve(id, { maker, checker }, act);
  // A break that is done with lets its deal into the net, as nobody has signed the day yet.
  await gateway.closing.sweep();
  await showBreaks(items, supervisor, say);
  await showNets(date, supervisor, say);
  await sign(date, act, supervisor);
  await gateway.closing.sweep();
  await settle(date, { supervisor, checker }, say);
  await gateway.closing.sweep();
  const end = await day();
  await showChecklist(end, say);
  return end.state === 'closed' && items.length === 1;
}

/** Taken, proposed with the co-signed deal as evidence, approved by another, booked, and compared again. */
async function resolve(
  id: string,
  { maker, checker }: { readonly maker: Caller; readonly checker: Caller },
  { federation: { gateway } }: Act,
): Promise<void> {
  const path = `/v1/clearing/breaks/${id}`;
  const work = async (by: Caller, order: object) => {
    const { tag } = await by.read(path);
    await by.post(`${path}/acts`, order, tag);
  };
  const { deal } = await maker.get<BreakRecord>(path);
  const { rows } = await gateway.database.query<{ message: string }>('select message from deal where id = $1', [deal]);
  await work(maker, { act: 'take' });
  const wish = {
    action: 'by-gateway',
    reason: 'amount-wrong',
    note: '以共同签名的成交为准',
    evidence: [`message:${rows[0]!.message}`],
  };
  await work(maker, { act: 'propose', wish });
  const { proposed } = await checker.get<BreakRecord>(path);
  await work(checker, { act: 'approve', sha256: proposed?.sha256 });
  await work(checker, { act: 'post' });
}

/** Each exchange verifies that the bytes are those it was shown, and signs them with its own keys. */
async function sign(
  date: string,
  { federation: { gateway, keys, clock }, say }: Act,
  supervisor: Caller,
): Promise<void> {
  for (const exchange of exchanges) {
    const own = await newProgram(gateway.url, supervisor, exchange);
    const { bytes } = await own.get<{ bytes: string }>(`/v1/clearing/cycles/${date}/result`);
    const atMs = clock.nowMs();
    const jws = await signDay(Buffer.from(bytes, 'base64'), {
      exchange,
      atMs,
      signers: keys.envelopeSigners(exchange, atMs),
    });
    await own.post(`/v1/clearing/cycles/${date}/signatures`, { jws: JSON.parse(Buffer.from(jws).toString('utf8')) });
  }
  const { sha256, signatures } = await supervisor.get<{ sha256: string; signatures: { exchange: string }[] }>(
    `/v1/clearing/cycles/${date}/result`,
  );
  await say(
    `  日终结果 the day's result ${sha256.slice(0, 16)}…  签名 signed by: ${signatures.map((one) => one.exchange).join(', ')}`,
  );
}

/** What a bank would answer: that everything was paid. There is no mock of a bank; this file is made up here. */
async function settle(
  date: string,
  { supervisor, checker }: { readonly supervisor: Caller; readonly checker: Caller },
  say: Act['say'],
): Promise<void> {
  const path = `/v1/clearing/cycles/${date}/instructions`;
  const instructed = await supervisor.get<Instructions>(path);
  const payouts = await supervisor.get<{ items: { payout: string }[] }>('/v1/clearing/settlements?state=reserved');
  const paid = [...instructed.items.map(({ id }) => id), ...payouts.items.map(({ payout }) => payout)];
  await checker.postFile('/v1/clearing/status-files', 'application/xml', Buffer.from(statusReport(date, paid)));
  const { items } = await supervisor.get<Instructions>(path);
  const deals = await supervisor.get<{
    items: { deal: string; state: string; amount: string; legs: { leg: string }[] }[];
  }>('/v1/clearing/settlements');
  await say(
    table(
      ['交收 settlement', '由 from → 至 to', '金额 amount, 元', '状态 state', '文件或分录 file or legs'],
      [
        ...items.map(({ id, payer, payee, amount, state, file }) => [
          id,
          `${payer} → ${payee}`,
          amount,
          state,
          `pacs.009 ${file.slice(0, 16)}`,
        ]),
        ...deals.items.map(({ deal, amount, state, legs }) => [
          deal,
          '专户 custody → 卖方 seller',
          amount,
          state,
          legs.map(({ leg }) => leg).join(' '),
        ]),
      ],
    ),
  );
  await say(
    '  银行回执为本演示自拟的 pacs.002 / the bank’s pacs.002 is made up by this demo: there is no mock of a bank',
  );
}

function statusReport(date: string, paid: readonly string[]): string {
  const payments = paid.map(
    (id) =>
      `<TxInfAndSts><OrgnlEndToEndId>${id}</OrgnlEndToEndId><TxSts>ACSC</TxSts><AcctSvcrRef>DEMO-${id.slice(-12)}</AcctSvcrRef></TxInfAndSts>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.002.001.10"><FIToFIPmtStsRpt>
<GrpHdr><MsgId>DEMO-${date}</MsgId><CreDtTm>${date}T18:00:00+08:00</CreDtTm></GrpHdr>
${payments.join('\n')}
</FIToFIPmtStsRpt></Document>
`;
}
