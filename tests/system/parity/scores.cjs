// What an independent FHIRPath engine makes of a Questionnaire's own expressions.
//
//   node scores.cjs FOLDER < forms.json > scores.json
//
// FOLDER holds node_modules with fhirpath. In: [{questionnaire, responses: [...]}, ...]. Out: for each form, for each
// response, {linkId: value or null} for every item with a calculatedExpression.
"use strict";
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");

const load = createRequire(`${process.argv[2]}/`);
const fhirpath = load("fhirpath");
const model = load("fhirpath/fhir-context/r4");

const VARIABLE = "http://hl7.org/fhir/StructureDefinition/variable";
const CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression";

function expressionsOf(element, url) {
  return (element.extension || []).filter((one) => one.url === url).map((one) => one.valueExpression);
}

function itemsOf(element) {
  return (element.item || []).flatMap((item) => [item, ...itemsOf(item)]);
}

function scorer(questionnaire) {
  const compile = (one) => fhirpath.compile(one.expression, model);
  const variables = expressionsOf(questionnaire, VARIABLE).map((one) => [one.name, compile(one)]);
  const calculated = itemsOf(questionnaire).flatMap((item) =>
    expressionsOf(item, CALCULATED).map((one) => [item.linkId, compile(one)]),
  );
  return (response) => {
    const known = { resource: response };
    for (const [name, evaluate] of variables) known[name] = evaluate(response, known);
    return Object.fromEntries(
      calculated.map(([linkId, evaluate]) => {
        const found = evaluate(response, known);
        if (found.length > 1) throw new Error(`${linkId} has ${found.length} values`);
        return [linkId, found.length ? Number(found[0]) : null];
      }),
    );
  };
}

const forms = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(forms.map(({ questionnaire, responses }) => responses.map(scorer(questionnaire)))));
