import { createHash } from 'node:crypto';
import type { Floor, Trade } from './floor.ts';

/** The day-end file of a date (`20260302`); a higher batch replaces a lower one. `slipFen`: how much too high the last deal is booked. */
export function dayEndFile(floor: Floor, day: string, batch: number, slipFen = 0n): Buffer {
  let opening = 0;
  for (const [earlier, numbers] of floor.dealsOfDay) if (earlier < day) opening += numbers.length;
  const trades = (floor.dealsOfDay.get(day) ?? [])
    .map((number) => floor.deals.get(number)!)
    .map((trade, i, all) => (i === all.length - 1 ? { ...trade, priceFen: trade.priceFen + slipFen } : trade));
  let [price, fee] = [0n, 0n];
  const lines = [`H|SZSE|${day}|${batch}|${opening}\n`];
  for (const trade of trades) {
    price += trade.priceFen;
    fee += trade.feeFen;
    lines.push(line(trade));
  }
  const head = Buffer.from(lines.join(''));
  const digest = createHash('sha256').update(head).digest('hex');
  return Buffer.concat([head, Buffer.from(`T|${trades.length}|${price}|${fee}|${digest}\n`)]);
}

function line(trade: Trade): string {
  const { priceFen, paidFen, home } = trade;
  const funds = paidFen <= 0n ? '0' : paidFen < priceFen ? '1' : '2';
  const fields = [
    'D',
    trade.number,
    home?.number ?? '',
    home === undefined ? '1' : '2',
    trade.counter,
    trade.state,
    trade.buyerCode,
    trade.sellerCode,
    priceFen,
    trade.feeFen,
    trade.day,
    funds,
  ];
  return `${fields.map((field) => String(field).replace(/[\\|]/g, '\\$&')).join('|')}\n`;
}
