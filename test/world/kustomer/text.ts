// Words for names, previews and bodies.
import type { Random } from './random.ts';

const WORDS =
  'order refund parcel invoice late thank you please could we send again the blue size address changed account locked reset password subscription cancel upgrade gift card broken screen warranty courier tracking number delivered neighbour return label exchange billing shipping question urgent hello regards team support escalate replacement discount voucher'.split(
    ' ',
  );

export const NAMES = [
  'Ada Lovelace',
  'Grace Hopper',
  'José Ñandú',
  'Alan Turing',
  'Zoë Łukasz',
  'Katherine Johnson',
  '王小明',
  'Mary "May" Jackson',
  'Øyvind Åse',
  'Barbara Liskov',
  "Shane O'Neil",
  'Tim Berners-Lee',
  'Radia Perlman',
];

export const TEAMS = [
  'Billing',
  'Returns',
  'Shipping',
  'Warehouse',
  'VIP',
  'Fraud',
  'Retail',
  'Wholesale',
  'Social Media',
  'Technical Support',
  'Accounts',
  'Night Shift',
];

export function words(random: Random, count: number): string {
  const out: string[] = [];
  for (let i = 0; i < count; i++) out.push(random.pick(WORDS));
  return out.join(' ');
}

/** Text of about `length` characters with line breaks, quotes and the odd foreign letter, as bodies have. */
export function longText(random: Random, length: number): string {
  let out = '';
  while (out.length < length) out += `${words(random, 14)}, "${random.pick(NAMES)}" said.\n`;
  return out;
}
