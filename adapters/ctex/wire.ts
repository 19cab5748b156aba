import { isObject, type JsonObject, parseJson } from '../../src/contract/json.ts';
import { accepted, type Checked, refuse, refused } from '../../src/contract/refusal.ts';

/** Bytes ↔ JSON object. CTEX writes UTF-8 without a byte order mark; everything parseJson refuses is refused here. */
export function readWire(bytes: Uint8Array): Checked<JsonObject> {
  const json = parseJson(bytes);
  if (!json.ok) return json;
  return isObject(json.value) ? accepted(json.value) : refused(refuse('wrong-type'));
}

export function writeWire(native: JsonObject): Uint8Array {
  return Buffer.from(JSON.stringify(native), 'utf8');
}
