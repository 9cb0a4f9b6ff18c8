# The version of Python that the tests ran on.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/distro \
    && /opt/distro/bin/pip install --require-hashes -r requirements.lock \
    && pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md ./
COPY migrations migrations
COPY src src
RUN pip wheel --no-build-isolation --no-deps --wheel-dir dist . \
    && /opt/distro/bin/pip install --no-deps dist/*.whl

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 distro \
    && useradd --system --uid 10001 --gid distro --home-dir /var/lib/distro --create-home --shell /usr/sbin/nologin distro \
    && install --directory --owner=distro --group=distro --mode=0700 /var/lib/distro/files
COPY --from=build /opt/distro /opt/distro
ENV PATH=/opt/distro/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DISTRO_HOST=0.0.0.0 \
    DISTRO_PORT=8000 \
    DISTRO_VAR=/var/lib/distro
USER 10001:10001
WORKDIR /var/lib/distro
VOLUME ["/var/lib/distro"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['DISTRO_PORT'] + '/health/ready', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["distro"]
CMD ["serve"]
