# One image for every process: `docker run notifier worker`, `… web`, `… migrate`. See docs/running.md.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
WORKDIR /build
RUN python -m venv /opt/notifier
# What others wrote, pinned and hashed; a layer of its own, built again only when it changes.
COPY requirements.txt ./
RUN /opt/notifier/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.txt
# What is ours, as the wheel that would be published: catalogs compiled, the console's scripts bundled.
COPY pyproject.toml hatch_build.py package.json package-lock.json README.md LICENSE ./
COPY notifier ./notifier
COPY billing ./billing
COPY templates ./templates
COPY locales ./locales
RUN /opt/notifier/bin/pip wheel --no-cache-dir --no-deps --wheel-dir dist .
RUN /opt/notifier/bin/pip install --no-cache-dir --no-deps dist/*.whl
RUN /opt/notifier/bin/pip uninstall --yes pip setuptools

FROM python:${PYTHON}-slim
COPY --from=build /opt/notifier /opt/notifier
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin notifier
ENV PATH=/opt/notifier/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /tmp
EXPOSE 8000
ENTRYPOINT ["notifier"]
CMD ["--help"]
