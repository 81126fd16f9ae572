package dev.firn.compaction;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import org.junit.jupiter.api.Test;

class TestModuleBoundaries {
  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(new DoNotIncludeTests())
          .importPackages("dev.firn.compaction");

  @Test
  void compactionKnowsNoSourceAndNoServer() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.debezium..",
            "org.apache.kafka..",
            "io.quarkus..",
            "jakarta..",
            "dev.firn.ingest..",
            "dev.firn.testing..")
        .check(classes);
  }
}
