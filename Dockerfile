# The gateway, the worker and the command line in one image: `docker run IMAGE serve | work | migrate | ...`.
# There is no build step: Node 24 runs the TypeScript sources as they are, by type stripping.
FROM node:24-bookworm-slim

LABEL org.opencontainers.image.title="Tessera" \
      org.opencontainers.image.description="Multi-tenant GraphQL semantic-search gateway over PostgreSQL and pgvector" \
      org.opencontainers.image.licenses="MIT"

WORKDIR /app

# Dependencies first: this layer changes with the lock file only.
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --cache /tmp/npm-cache \
 && rm -rf /tmp/*

# From what changes least to what changes most.
COPY LICENSE ./
COPY models ./models
COPY demo ./demo
COPY migrations ./migrations
COPY bin ./bin
COPY schema.graphql ./
COPY src ./src

ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000

# The files above belong to root, so the process cannot change its own program.
USER node
EXPOSE 4000

HEALTHCHECK --interval=5s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "bin/tessera.js"]
CMD ["serve"]
