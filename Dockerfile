# Footbridge as an image: `docker build -t footbridge .`, then
# `docker run -p 4400:4400 -v footbridge:/var/lib/footbridge footbridge`.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p footbridge

FROM debian:bookworm-slim
# What TLS trusts. Apps that the server starts itself need their interpreter too: add `nodejs` then.
RUN apt-get update -qq \
    && apt-get install -qq --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/footbridge --shell /usr/sbin/nologin footbridge \
    && install -d -o footbridge -g footbridge -m 0750 /var/lib/footbridge
COPY --from=build /src/target/release/footbridge /usr/bin/footbridge
COPY LICENSE NOTICE /usr/share/doc/footbridge/
USER footbridge
WORKDIR /var/lib/footbridge
VOLUME /var/lib/footbridge
# Beyond loopback, since that ends at the container. The database, its key and the admin token lie in the volume.
ENV FOOTBRIDGE_LISTEN=0.0.0.0:4400 FOOTBRIDGE_DATABASE=sqlite:/var/lib/footbridge/footbridge.db
EXPOSE 4400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/usr/bin/footbridge", "healthcheck"]
ENTRYPOINT ["/usr/bin/footbridge"]
CMD ["serve"]
