// fhir-kit-client at a FHIR door: node with_fhir_kit_client.mjs FOLDER BASE FORMS.json PATIENT prints JSON.
// FOLDER holds node_modules.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, baseUrl, forms, patient] = process.argv.slice(2);
const resourceType = 'QuestionnaireResponse';

async function main() {
  const home = join(folder, 'node_modules', 'fhir-kit-client');
  const { exports } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const entry = exports['.'].import.default ?? exports['.'].import;
  const loaded = await import(pathToFileURL(join(home, entry)).href);
  const Client = loaded.default ?? loaded.Client;
  const client = new Client({ baseUrl });
  const created = [];
  for (const body of JSON.parse(readFileSync(forms, 'utf8'))) {
    created.push((await client.create({ resourceType, body })).id);
  }
  const paged = [];
  let bundle = await client.search({ resourceType, searchParams: { patient, _count: 2 } });
  while (bundle) {
    paged.push(...(bundle.entry ?? []).map((one) => one.resource.id));
    bundle = bundle.link.some((link) => link.relation === 'next') ? await client.nextPage({ bundle }) : null;
  }
  const body = await client.read({ resourceType, id: created[0] });
  body.item[0].item[0].answer[0].valueDecimal = 1.5;
  const corrected = await client.update({ resourceType, id: created[0], body });
  const history = await client.history({ resourceType, id: created[0] });
  const scores = await client.search({
    resourceType: 'Observation', searchParams: { patient, code: 'srs-3.total' },
  });
  console.log(JSON.stringify({
    created,
    paged,
    status: corrected.status,
    history: history.entry.map((one) => one.resource.meta.versionId),
    kind_of_score: scores.entry[0].resource.resourceType,
  }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
