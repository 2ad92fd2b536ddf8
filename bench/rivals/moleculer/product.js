// The catalogue and its stock.
"use strict";

const { randomUUID } = require("node:crypto");
const { MoleculerClientError } = require("moleculer").Errors;
const { CACHED_S, shown, start } = require("./shared");

const aliases = {
  "POST products": "product.create",
  "GET products": "product.find",
  "GET products/:id": "product.get",
};

const service = (database) => ({
  actions: {
    create: {
      params: {
        sku: "string",
        name: "string",
        description: "string|optional",
        category: "string|optional",
        price: { type: "object", props: { amount: "number|integer", currency: "string|length:3" } },
        attributes: "object|optional",
        initialStock: "number|integer|default:0",
      },
      async handler(ctx) {
        const { initialStock, ...details } = ctx.params;
        const at = new Date();
        const product = {
          _id: `prd_${randomUUID()}`,
          ...details,
          stock: { onHand: initialStock, reserved: 0, available: initialStock },
          createdAt: at,
          updatedAt: at,
        };
        try {
          await database.collection("products").insertOne(product);
        } catch (error) {
          if (error.code === 11000) throw new MoleculerClientError("sku-taken", 409);
          throw error;
        }
        ctx.meta.$statusCode = 201;
        return shown(product);
      },
    },
    get: {
      params: { id: "string" },
      cache: { keys: ["id"], ttl: CACHED_S, enabled: process.env.UNCACHED !== "1" },
      async handler(ctx) {
        const found = await database.collection("products").findOne({ _id: ctx.params.id });
        if (!found) throw new MoleculerClientError("product-not-found", 404);
        return shown(found);
      },
    },
    find: {
      params: {
        q: "string|optional",
        limit: { type: "number", integer: true, convert: true, default: 20 },
      },
      async handler(ctx) {
        const { q, limit } = ctx.params;
        const items = await database
          .collection("products")
          .find(q ? { $text: { $search: q } } : {})
          .sort({ _id: -1 })
          .limit(limit)
          .toArray();
        return { items: items.map(shown), nextCursor: items.length ? items.at(-1)._id : null };
      },
    },
    take: {
      params: { id: "string", quantity: "number|integer|min:1" },
      async handler(ctx) {
        const { id, quantity } = ctx.params;
        const taken = await database.collection("products").findOneAndUpdate(
          { _id: id, "stock.available": { $gte: quantity } },
          {
            $inc: { "stock.reserved": quantity, "stock.available": -quantity },
            $set: { updatedAt: new Date() },
          },
          { returnDocument: "after" },
        );
        if (!taken) throw new MoleculerClientError("insufficient-stock", 409);
        await ctx.broker.cacher.del(`product.get:${id}`);
        return shown(taken);
      },
    },
  },
});

async function indexes(database) {
  await database.collection("products").createIndex({ sku: 1 }, { unique: true });
  await database.collection("products").createIndex({ name: "text", description: "text" });
}

start("product", aliases, service, indexes);
