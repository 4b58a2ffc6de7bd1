# Annals on its own, against a MongoDB replica set that is somebody else's (docker-compose.yml brings one):
#   docker run -e ANNALS_MONGODB_URL='mongodb://db:27017/?replicaSet=rs0' -p 4400:4400 annals

FROM node:22-slim AS build
WORKDIR /annals
# What decides which packages there are comes first, so that a change of the sources does not fetch them again.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/generate.mjs scripts/
COPY proto proto
COPY src src
COPY observers observers
# The demo, the benchmark and the suites are not copied, so the build leaves them out.
RUN npm run generate && npm run build

FROM node:22-slim AS packages
WORKDIR /annals
COPY package.json package-lock.json ./
# No scripts: no dependency needs its own, and ours (`prepare`) is for compiling.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-slim
ENV NODE_ENV=production
WORKDIR /annals
COPY --from=packages /annals/node_modules node_modules
COPY --from=build /annals/dist dist
# The protos are read when the server starts: they are the contract that it serves and reflects.
COPY package.json LICENSE ./
COPY proto proto
RUN ln -s /annals/dist/src/cli/main.js /usr/local/bin/annals && chmod 755 dist/src/cli/main.js
# The image's own user without rights; nothing is written inside the container.
USER node
EXPOSE 4400
STOPSIGNAL SIGTERM
# Three failures in 45 s before anybody restarts it: an election of the replica set takes about ten.
HEALTHCHECK --interval=15s --timeout=10s --start-period=20s --retries=3 CMD ["annals", "diagnose"]
# `exec`, so that SIGTERM reaches the server and it drains. Without a URL it would look for a mongod of its own, which an
# image has no place for.
CMD ["sh", "-c", "exec annals start --mongodb \"${ANNALS_MONGODB_URL:?set it to the replica set to use}\" --listen 0.0.0.0:4400"]
