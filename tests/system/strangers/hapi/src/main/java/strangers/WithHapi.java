package strangers;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.DecimalType;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Observation;
import org.hl7.fhir.r4.model.QuestionnaireResponse;

/** HAPI's client at a FHIR door: arguments BASE, FORMS (a folder of JSON files), PATIENT; prints JSON. */
public final class WithHapi {

    private WithHapi() {}

    public static void main(String[] arguments) throws Exception {
        FhirContext context = FhirContext.forR4();
        IGenericClient client = context.newRestfulGenericClient(arguments[0]);
        List<String> created = new ArrayList<>();
        List<Path> forms;
        try (var listed = Files.list(Path.of(arguments[1]))) {
            forms = listed.sorted().toList();
        }
        for (Path form : forms) {
            QuestionnaireResponse response =
                    context.newJsonParser().parseResource(QuestionnaireResponse.class, Files.readString(form));
            created.add(client.create().resource(response).execute().getId().getIdPart());
        }
        List<String> paged = readPages(client, arguments[2]);
        QuestionnaireResponse corrected =
                client.read().resource(QuestionnaireResponse.class).withId(created.get(0)).execute();
        corrected.getItemFirstRep().getItemFirstRep().getAnswerFirstRep().setValue(new DecimalType(new BigDecimal("1.5")));
        QuestionnaireResponse answered =
                (QuestionnaireResponse) client.update().resource(corrected).execute().getResource();
        Bundle history = client.history()
                .onInstance(new IdType("QuestionnaireResponse", created.get(0)))
                .returnBundle(Bundle.class)
                .execute();
        Bundle scores = client.search()
                .forResource(Observation.class)
                .where(Observation.PATIENT.hasId(arguments[2]))
                .and(Observation.CODE.exactly().code("srs-3.total"))
                .returnBundle(Bundle.class)
                .execute();
        List<String> versions = history.getEntry().stream()
                .map(entry -> entry.getResource().getMeta().getVersionId())
                .toList();
        System.out.printf(
                "{\"created\": %s, \"paged\": %s, \"status\": \"%s\", \"history\": %s, \"kind_of_score\": \"%s\"}%n",
                toJson(created),
                toJson(paged),
                answered.getStatus().toCode(),
                toJson(versions),
                scores.getEntryFirstRep().getResource().fhirType());
    }

    private static List<String> readPages(IGenericClient client, String patient) {
        Bundle page = client.search()
                .forResource(QuestionnaireResponse.class)
                .where(QuestionnaireResponse.PATIENT.hasId(patient))
                .count(2)
                .returnBundle(Bundle.class)
                .execute();
        List<String> found = new ArrayList<>();
        while (true) {
            page.getEntry().forEach(entry -> found.add(entry.getResource().getIdElement().getIdPart()));
            if (page.getLink(Bundle.LINK_NEXT) == null) {
                return found;
            }
            page = client.loadPage().next(page).execute();
        }
    }

    private static String toJson(List<String> texts) {
        return texts.stream().map(text -> '"' + text + '"').collect(Collectors.joining(", ", "[", "]"));
    }
}
