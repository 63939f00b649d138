/**
 * A WebAssembly module with the interface of compiled Rego (ABI 1.2), small enough to be written by hand: it says yes when
 * the input ends in `1"}}`, and is undefined when it ends in `2"}}`. Its entry point is `shop/allow`.
 *
 * @see https://www.openpolicyagent.org/docs/wasm#abi-versions
 */
export function policyWasm(): Uint8Array {
  const i32 = 0x7f;
  const types = [
    [0x60, 0, 1, i32],
    [0x60, 1, i32, 1, i32],
    [0x60, 2, i32, i32, 1, i32],
    [0x60, 1, i32, 0],
    [0x60, 7, i32, i32, i32, i32, i32, i32, i32, 1, i32],
  ];
  const same = [0, 0x20, 0, 0x0b];
  const bodies = [
    constant(EMPTY),
    constant(ENTRYPOINTS),
    // A value is its own text here: nothing is parsed.
    same,
    constant(EMPTY),
    constant(HEAP),
    constant(HEAP),
    [0, 0x0b],
    // The character in front of the three at the end: "1" is yes, "2" is undefined.
    [
      0,
      0x20,
      3,
      0x20,
      4,
      0x6a,
      0x41,
      4,
      0x6b,
      0x2d,
      0,
      0,
      0x41,
      ...leb(0x31),
      0x46,
      0x04,
      i32,
      0x41,
      ...leb(YES),
      0x05,
      0x20,
      3,
      0x20,
      4,
      0x6a,
      0x41,
      4,
      0x6b,
      0x2d,
      0,
      0,
      0x41,
      ...leb(0x32),
      0x46,
      0x04,
      i32,
      0x41,
      ...leb(UNDEFINED),
      0x05,
      0x41,
      ...leb(NO),
      0x0b,
      0x0b,
      0x0b,
    ],
  ];
  const names = [
    "builtins",
    "entrypoints",
    "opa_json_dump",
    "opa_json_parse",
    "opa_malloc",
    "opa_heap_ptr_get",
    "opa_heap_ptr_set",
    "opa_eval",
  ];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, list([[...text("env"), ...text("memory"), 2, 0, 2]])),
    ...section(3, list([[0], [0], [1], [2], [1], [0], [3], [4]])),
    ...section(6, list([constantGlobal(1), constantGlobal(2)])),
    ...section(
      7,
      list([
        ...names.map((name, index) => [...text(name), 0, index]),
        [...text("opa_wasm_abi_version"), 3, 0],
        [...text("opa_wasm_abi_minor_version"), 3, 1],
      ]),
    ),
    ...section(10, list(bodies.map((body) => [...leb(body.length), ...body]))),
    ...section(
      11,
      list([
        dataAt(EMPTY, "{}"),
        dataAt(ENTRYPOINTS, '{"shop/allow":0}'),
        dataAt(YES, '[{"result":true}]'),
        dataAt(NO, '[{"result":{"allow":false}}]'),
        dataAt(UNDEFINED, "[]"),
      ]),
    ),
  ]);
}

const EMPTY = 1024;
const ENTRYPOINTS = 1040;
const YES = 1100;
const NO = 1200;
const UNDEFINED = 1300;
const HEAP = 4096;

/** LEB128, signed, which is the unsigned form as well where the bit of the sign is free. */
function leb(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if (rest === 0 && (byte & 0x40) === 0) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

function constant(value: number): readonly number[] {
  return [0, 0x41, ...leb(value), 0x0b];
}

function constantGlobal(value: number): readonly number[] {
  return [0x7f, 0, 0x41, value, 0x0b];
}

function text(value: string): readonly number[] {
  return [...leb(value.length), ...Buffer.from(value)];
}

function list(items: readonly (readonly number[])[]): readonly number[] {
  return [...leb(items.length), ...items.flat()];
}

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...leb(content.length), ...content];
}

function dataAt(address: number, value: string): readonly number[] {
  return [0, 0x41, ...leb(address), 0x0b, ...text(`${value}\0`)];
}
