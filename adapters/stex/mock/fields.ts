import { amount, type Check, creditCode, day, moment, version } from './values.ts';

/** What the profile says of each element; the mock's own reading of it, apart from the adapter's tables. */

export interface Field {
  readonly need: boolean;
  readonly check?: Check;
  readonly inside?: Readonly<Record<string, Field>>;
  /** The one child that repeats, its attributes or children checked by `each`. */
  readonly repeated?: string;
  readonly each?: Readonly<Record<string, Field>>;
  readonly attributes?: Readonly<Record<string, Check>>;
}

const must = (check: Check): Field => ({ need: true, check });
const may = (check: Check): Field => ({ need: false, check });
const oneOf =
  (...codes: string[]): Check =>
  (text) =>
    codes.includes(text);
const upTo =
  (length: number): Check =>
  (text) =>
    text.length <= length;
const exchange = oneOf('CTEX', 'SZSE');
const number = upTo(64);

const nature: Check = (text) => /^(021|022|110|1[2-8]0|[23]\d\d|900)$/.test(text);
const party: Field = {
  need: true,
  inside: {
    MC: must(upTo(200)),
    XYDM: may(creditCode),
    XZ: must(nature),
    DQ: may((text) => /^\d{6}$/.test(text)),
    GB: must((text) => /^\d{3}$/.test(text)),
  },
};
const instalments: Field = {
  need: false,
  repeated: 'Q',
  attributes: { BL: (text) => /^(0\.\d{2,6}|1\.00)$/.test(text), TS: (text) => /^(0|[1-9]\d{0,4})$/.test(text) },
};
const mode = must(oneOf('01', '02', '03', '04', '05'));
const contract = must(oneOf('1', '2', '3', '4', '5', '6'));
const plan = must(oneOf('1', '2', '3', '4'));

const PROJECT: Readonly<Record<string, Field>> = {
  YJYS: must(exchange),
  YXMBH: must(number),
  JXBH: may(number),
  BB: must(version),
  FX: must(oneOf('1', '2')),
  XMMC: must(upTo(200)),
  XMJJ: may(upTo(2000)),
  HTLX: contract,
  XKFS: may(oneOf('1', '2', '3')),
  JYFS: mode,
  ZSCQ: {
    need: false,
    repeated: 'ITEM',
    each: {
      LX: must(oneOf('1', '2', '3', '4', '5', '6', '7', '8', '9')),
      BH: may(number),
      MC: must(upTo(200)),
      QLR: must(() => true),
      SQR: may(day),
      DQR: may(day),
      ZY: may(oneOf('0', '1')),
    },
  },
  JSLY: must((text) => /^(0[1-9]|1[01])$/.test(text)),
  HYDM: may((text) => /^[A-T]\d{0,4}$/.test(text)),
  IPC: may((text) => text.split(';').every((one) => /^[A-H]\d\d[A-Z] ?\d{1,4}\/\d{2,6}$/.test(one))),
  CSD: may((text) => /^[1-9]$/.test(text)),
  CRF: party,
  JGFS: must(oneOf('1', '2', '3')),
  GPJG: may(amount),
  BZJ: may(amount),
  FBSJ: must(moment),
  PLQS: must(day),
  PLJZ: must(day),
  ZFFS: plan,
  FQ: instalments,
  GS: { need: false, inside: { KSR: may(day), JZR: may(day), YY: may(oneOf('0', '1')) } },
  FJ: {
    need: false,
    repeated: 'F',
    attributes: {
      LX: oneOf('1', '2', '3', '4', '5', '6'),
      MC: upTo(200),
      ZY: (text) => /^[0-9a-f]{64}$/.test(text),
    },
  },
  CKGZ: must(oneOf('0', '1', '2')),
};

const DEAL: Readonly<Record<string, Field>> = {
  YJYS: must(exchange),
  YCJBH: must(number),
  BB: must(version),
  JXBH: must(number),
  ZT: must(oneOf('1', '2', '3')),
  CRF: party,
  SRF: party,
  CJJG: must(amount),
  JSJYE: must(amount),
  JYFS: mode,
  HTLX: contract,
  ZFFS: plan,
  FQ: instalments,
  CRFYJ: may(amount),
  SRFYJ: may(amount),
  JZBH: may(number),
  QYSJ: must(moment),
  CXYY: may(upTo(2000)),
};

/** By LX: the content element and its fields, as the gateway may send them. */
export const DOCUMENTS: Readonly<
  Record<string, { readonly name: string; readonly fields: Readonly<Record<string, Field>> }>
> = {
  '103': {
    name: 'XM',
    fields: { JXBH: must(number), BB: may(version), ZT: must(oneOf('1', '2', '3', '4')), YY: may(upTo(2000)) },
  },
  '111': { name: 'XM', fields: PROJECT },
  '201': {
    name: 'YX',
    fields: {
      YJYS: must(exchange),
      YYXBH: must(number),
      XMBH: must(number),
      SRF: party,
      BJ: may(amount),
      DJSJ: must(moment),
    },
  },
  '202': {
    name: 'YX',
    fields: { YJYS: must(exchange), YXBH: must(number), JG: must(oneOf('1', '2')), YY: may(upTo(2000)) },
  },
  '203': {
    name: 'BJD',
    fields: {
      YJYS: must(exchange),
      YBJBH: must(number),
      XMBH: must(number),
      SRF: party,
      BJ: must(amount),
      BJSJ: must(moment),
    },
  },
  '301': { name: 'CJ', fields: DEAL },
  '302': { name: 'CJ', fields: DEAL },
  '303': { name: 'CJ', fields: DEAL },
  '304': {
    name: 'CJ',
    fields: {
      YJYS: must(exchange),
      CJBH: must(number),
      BB: must(version),
      QYSJ: may(moment),
      YCJBH: may(number),
    },
  },
  '401': {
    name: 'ZJ',
    fields: {
      YJYS: must(exchange),
      YZJBH: must(number),
      CJBH: may(number),
      YXBH: may(number),
      LB: must(oneOf('1', '2', '3', '4', '5')),
      FKF: must(upTo(200)),
      SKF: must(upTo(200)),
      JE: must(amount),
      QXR: must(day),
      YHLSH: must(number),
    },
  },
};
