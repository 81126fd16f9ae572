# Firn, built from its source tree, on a JRE and as an ordinary user.
FROM maven:3.9.9-eclipse-temurin-21 AS build
WORKDIR /src
COPY . .
RUN mvn -B -ntp -Dquick -DskipTests -pl ingest -am package

FROM eclipse-temurin:21.0.8_9-jre
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home firn
COPY --from=build /src/ingest/target/firn /opt/firn
USER firn
WORKDIR /home/firn
EXPOSE 8080
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=60", "-jar", "/opt/firn/firn.jar"]
CMD ["help"]
