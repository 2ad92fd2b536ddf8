// Customers, and the links to their orders.
"use strict";

const { randomUUID } = require("node:crypto");
const { MoleculerClientError } = require("moleculer").Errors;
const { CACHED_S, shown, start } = require("./shared");

const aliases = {
  "POST customers": "customer.create",
  "GET customers/:id": "customer.get",
  "PUT customerOrders/:customerId/:orderId": "customer.link",
};

const address = {
  type: "object",
  props: {
    line1: "string",
    line2: "string|optional",
    city: "string",
    postalCode: "string",
    country: "string|length:2",
  },
};

const service = (database) => ({
  actions: {
    create: {
      params: {
        email: "string",
        firstName: "string",
        lastName: "string",
        phone: "string|optional",
        addresses: { type: "array", optional: true, items: address },
      },
      async handler(ctx) {
        const at = new Date();
        const customer = {
          _id: `cus_${randomUUID()}`,
          email: ctx.params.email,
          firstName: ctx.params.firstName,
          lastName: ctx.params.lastName,
          phone: ctx.params.phone,
          addresses: ctx.params.addresses || [],
          status: "active",
          createdAt: at,
          updatedAt: at,
        };
        const emailKey = customer.email.toLowerCase();
        try {
          await database.collection("customers").insertOne({ ...customer, emailKey });
        } catch (error) {
          if (error.code === 11000) throw new MoleculerClientError("email-taken", 409);
          throw error;
        }
        ctx.meta.$statusCode = 201;
        return shown(customer);
      },
    },
    get: {
      params: { id: "string" },
      cache: { keys: ["id"], ttl: CACHED_S },
      async handler(ctx) {
        const found = await database
          .collection("customers")
          .findOne({ _id: ctx.params.id }, { projection: { emailKey: 0 } });
        if (!found) throw new MoleculerClientError("customer-not-found", 404);
        return shown(found);
      },
    },
    link: {
      params: {
        customerId: "string",
        orderId: "string",
        status: "string",
        total: { type: "object", props: { amount: "number", currency: "string" } },
      },
      async handler(ctx) {
        const { customerId, orderId, status, total } = ctx.params;
        const at = new Date();
        await database.collection("customerOrders").updateOne(
          { _id: `${customerId}/${orderId}` },
          {
            $set: { status, total, updatedAt: at },
            $setOnInsert: { customerId, orderId, linkedAt: at },
          },
          { upsert: true },
        );
        return { customerId, orderId, status, total };
      },
    },
  },
});

async function indexes(database) {
  await database.collection("customers").createIndex({ emailKey: 1 }, { unique: true });
  await database.collection("customerOrders").createIndex({ customerId: 1 });
}

start("customer", aliases, service, indexes);
