# Firn, built from its source tree, on a JRE and as an ordinary user.
FROM maven:3.9.9-eclipse-temurin-21 AS build
# Connectors that are left out otherwise (docs/SOURCES.md): mysql (its driver), sqlserver, mongodb, oracle, or several with commas.
ARG FIRN_CONNECTORS=
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.m2 mvn -B -ntp -Dquick -DskipTests ${FIRN_CONNECTORS:+-P$FIRN_CONNECTORS} -pl ingest -am package

FROM eclipse-temurin:21.0.8_9-jre
# The user has a number, so that Kubernetes can see that it is not root.
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 firn \
    && useradd --uid 10001 --gid firn --create-home firn
COPY --from=build /src/ingest/target/firn /opt/firn
USER 10001:10001
WORKDIR /home/firn
EXPOSE 8080
# For "ingest" with quarkus.http.port=8080; other commands serve no health: --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["curl", "--fail", "--silent", "http://127.0.0.1:8080/q/health/ready"]
# The heap is a share of the container's memory: the rest is for threads, buffers and the mapped
# files of large key indexes. JDK_JAVA_OPTIONS adds options, or takes these back. Jars for catalogs that
# Firn does not bring along go to /opt/firn/extra.
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=60", "-XX:+ExitOnOutOfMemoryError", "-cp", "/opt/firn/firn.jar:/opt/firn/extra/*", "dev.firn.ingest.Firn"]
CMD ["help"]
