import { requireInternal } from "../library.mjs";
import { createRandom, randomBody, randomSchema } from "./schemas.mjs";

// Not through the exports of the package: only the tests and this search count.
const { createJsonSchemaCheck } = await requireInternal("validate/json-schema/json-schema.js");

const SEED = 20_260_101;
const MAX_SCHEMA = 40_000;
const MODES = ["reject", "strip", "allow"];

/**
 * The inputs of random ones that take the most work: evaluated subschemas, visited members and characters looked at. The
 * same ones in each run, on each machine.
 */
export function searchInputs(cases, kept) {
  const random = createRandom(SEED);
  const found = [];
  let refused = 0;
  for (let number = 0; number < cases; number += 1) {
    const schema = randomSchema(random);
    const body = randomBody(random, schema);
    const unknown = random.pick(MODES);
    const text = JSON.stringify(body);
    // ajv takes seconds for larger schemas, which nobody writes.
    if (text.length > 100_000 || JSON.stringify(schema).length > MAX_SCHEMA) continue;
    let work = 0;
    try {
      const onWork = (spent) => {
        work += spent;
      };
      createJsonSchemaCheck(schema, unknown, { maxIssues: 21, onWork })(body);
    } catch {
      refused += 1;
      continue;
    }
    found.push({
      name: `random case ${number} (${unknown})`,
      work,
      options: { body: schema, unknown },
      text,
    });
  }
  found.sort((a, b) => b.work - a.work);
  return { inputs: found.slice(0, kept), tried: found.length, refused };
}
