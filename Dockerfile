# The bridge in a container. How to run it: docs/containers.md
FROM node:22.21.1-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN npm run build && npm prune --omit=dev

FROM node:22.21.1-bookworm-slim
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="broute2mqtt" \
      org.opencontainers.image.description="Wi-SUN Route-B smart meter to MQTT" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# State lives in /data and nowhere else: the root file system may be read-only.
ENV NODE_ENV=production \
    BROUTE2MQTT_STATE_DIR=/data
# node is in dialout (20 on Debian, Raspberry Pi OS and Ubuntu): `--device` is enough; elsewhere `--group-add` its number.
RUN install -d -m 0700 -o node -g node /data && install -d -o node -g node /config \
 && printf '#!/bin/sh\nexec node /app/dist/cli/mackerel-plugin.js "$@"\n' > /usr/local/bin/mackerel-plugin-smartmeter \
 && chmod 755 /usr/local/bin/mackerel-plugin-smartmeter \
 && usermod --append --groups dialout node
WORKDIR /app
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE config.example.yaml ./
# `run` takes ./config.yaml when it is there; the environment alone is enough.
WORKDIR /config
USER node
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
# Whether the program goes on, by its own configuration; a meter out of reach is no reason to restart the container.
HEALTHCHECK --interval=60s --timeout=10s --start-period=30s --retries=3 \
  CMD ["node", "/app/dist/cli/main.js", "health"]
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["run"]
