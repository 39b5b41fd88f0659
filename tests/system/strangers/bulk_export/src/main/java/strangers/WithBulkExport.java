package strangers;

import au.csiro.fhir.export.BulkExportClient;
import au.csiro.fhir.export.BulkExportClient.BulkExportClientBuilder;
import java.util.List;

/** fhir-bulk-java at a FHIR door: {@code BASE DIR LEVEL TYPES} fetches a bulk export and prints its time. */
public final class WithBulkExport {

  private WithBulkExport() {}

  /** LEVEL is {@code system}, {@code patient} or the id of a group. */
  public static void main(String[] given) {
    BulkExportClientBuilder client =
        level(given[2]).withFhirEndpointUrl(given[0]).withOutputDir(given[1]);
    client.withTypes(List.of(given[3].split(",")));
    System.out.println(client.build().export().getTransactionTime());
  }

  private static BulkExportClientBuilder level(String name) {
    return switch (name) {
      case "system" -> BulkExportClient.systemBuilder();
      case "patient" -> BulkExportClient.patientBuilder();
      default -> BulkExportClient.groupBuilder(name);
    };
  }
}
