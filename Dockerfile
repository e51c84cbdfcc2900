# syntax=docker/dockerfile:1
# Two stages: one that builds, one that holds the program and next to nothing else. Every RUN line of the first can
# be typed by hand in a Debian shell with the Rust toolchain.

FROM docker.io/library/rust:1.95-slim-bookworm AS build
# A C compiler for the TLS provider, the compressor and the hash.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc g++ libc6-dev make && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN cargo build --release --locked --package guichet
# The folder that becomes the volume, made here because the next stage has no shell.
RUN mkdir -p /out/data && cp target/release/guichet /out/guichet

# glibc, CA certificates and a user without rights; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/guichet /usr/local/bin/guichet
COPY --from=build --chown=nonroot:nonroot /out/data /var/lib/guichet
# Inside the container every address is its own; what the host lets in is said with `docker run --publish`.
ENV GUICHET_DATA_DIR=/var/lib/guichet \
    GUICHET_SMTP_LISTEN=0.0.0.0:2525 \
    GUICHET_HTTP_LISTEN=0.0.0.0:8080
VOLUME /var/lib/guichet
EXPOSE 2525 8080
USER nonroot
ENTRYPOINT ["/usr/local/bin/guichet"]
CMD ["serve"]
