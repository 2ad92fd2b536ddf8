// What the three have in common: a broker, MongoDB, and a gateway of its own for each node, which
// spares Moleculer the further hop of a gateway that stands alone.
"use strict";

const { ServiceBroker } = require("moleculer");
const ApiGateway = require("moleculer-web");
const { MongoClient } = require("mongodb");

const CACHED_S = Number(process.env.CACHED_S || 60);

// MOLECULER_NODES: what the TCP transporter is told of all nodes, "127.0.0.1:6001/customer,...".
async function start(name, aliases, service, indexes) {
  const nodes = process.env.MOLECULER_NODES.split(",");
  const client = new MongoClient(process.env.MONGO_URI, {
    writeConcern: { w: "majority", j: true },
  });
  await client.connect();
  const database = client.db(process.env.MONGO_DATABASE);
  await indexes(database);
  const broker = new ServiceBroker({
    nodeID: name,
    logger: { type: "Console", options: { level: "warn" } },
    transporter: { type: "TCP", options: { udpDiscovery: false, urls: nodes } },
    cacher: { type: "Redis", options: { ttl: CACHED_S, redis: process.env.REDIS_URL } },
    circuitBreaker: { enabled: true },
    requestTimeout: 10_000,
  });
  broker.createService({ name, ...service(database) });
  broker.createService({
    name: `${name}-api`,
    mixins: [ApiGateway],
    settings: {
      ip: "127.0.0.1",
      port: Number(process.env.PORT),
      routes: [
        { path: "/api/v1", aliases, mappingPolicy: "restrict", bodyParsers: { json: true } },
      ],
    },
  });
  process.on("SIGTERM", () => broker.stop().then(() => client.close()).then(() => process.exit(0)));
  await broker.start();
}

function shown({ _id, ...rest }) {
  return { id: _id, ...rest };
}

module.exports = { CACHED_S, shown, start };
