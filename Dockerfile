# The service, its feeder and its migrations: one image, told apart by the command (see compose.yaml).
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1

# A version range that the lock file was written with; the packages themselves come from uv.lock alone.
RUN pip install --no-cache-dir 'uv>=0.13,<0.14'

WORKDIR /app
# The dependencies first: a change of our own code does not install them again.
COPY pyproject.toml uv.lock README.md ./
RUN uv sync --frozen --no-dev --no-install-project
COPY src ./src
COPY commands ./commands
COPY projections ./projections
RUN uv sync --frozen --no-dev --no-editable

# Not root, and owner of nothing but the data: the program cannot change itself.
RUN useradd --system --uid 10001 --home-dir /var/lib/ejd --create-home ejd \
    && mkdir -p /var/lib/ejd/data /var/lib/ejd/key \
    && chown -R ejd:ejd /var/lib/ejd
USER ejd
ENV PATH=/app/.venv/bin:$PATH
EXPOSE 8000
CMD ["ejd", "serve"]
