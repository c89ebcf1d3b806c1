# One image, every role: the command says which (produce NAME, stream, alert …).

FROM python:3.11.13-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/volcross \
    && /opt/volcross/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
# After the dependencies: a change of ours must not fetch them again.
COPY LICENSE README.md pyproject.toml ./
COPY alerts alerts
COPY producers producers
COPY streams streams
COPY volcross volcross
RUN /opt/volcross/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11.13-slim-bookworm
RUN groupadd --gid 10001 volcross \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin volcross \
    && install --directory --owner=10001 --group=10001 /var/lib/volcross
COPY --from=build /opt/volcross /opt/volcross
ENV PATH=/opt/volcross/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    VOLCROSS_DATA_DIR=/var/lib/volcross
WORKDIR /var/lib/volcross
VOLUME /var/lib/volcross
USER 10001:10001
ENTRYPOINT ["volcross"]
CMD ["--help"]
