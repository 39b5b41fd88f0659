# One image for every command of `python -m service`: api, worker, migrate, check-ehr and the others.
# How to run it: service/container.md. The base needs Python 3.11 or newer with venv, and nothing else.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
# pip stays in this stage; only what is installed goes on.
RUN python3 -m venv /build/pip && python3 -m venv --without-pip /opt/alliance \
    && install -d -m 0700 /build/state/alliance
COPY service/container/requirements.lock /build/
RUN /build/pip/bin/pip --python /opt/alliance/bin/python --disable-pip-version-check install --no-cache-dir \
    --no-compile --only-binary :all: --require-hashes -r /build/requirements.lock
COPY fhir_mappings /opt/alliance/app/fhir_mappings
COPY service /opt/alliance/app/service
# The root file system is read-only later on: what is not compiled now would be compiled at every start.
RUN /opt/alliance/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/alliance

FROM ${BASE_IMAGE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="alliance-service" \
      org.opencontainers.image.description="Brings the therapeutic alliance into a clinic's EHR, speaking FHIR R4." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
# Nothing is imported from the working folder, which the service may write.
ENV PATH=/opt/alliance/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/alliance/app \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
COPY --from=build /opt/alliance /opt/alliance
# All that is ever written lies here; the default database is a file in the working folder.
COPY --from=build --chown=10001:10001 /build/state/ /var/lib/
WORKDIR /var/lib/alliance
VOLUME ["/var/lib/alliance"]
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=3 CMD ["python3", "-m", "service", "health"]
ENTRYPOINT ["python3", "-m", "service"]
CMD ["run"]
