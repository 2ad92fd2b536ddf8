// Orders, placed by calls to the other two.
"use strict";

const { randomUUID } = require("node:crypto");
const { MoleculerClientError } = require("moleculer").Errors;
const { shown, start } = require("./shared");

const aliases = { "POST orders": "order.create" };

const service = (database) => ({
  dependencies: ["customer", "product"],
  actions: {
    create: {
      params: {
        customerId: "string",
        lines: {
          type: "array",
          min: 1,
          items: {
            type: "object",
            props: { productId: "string", quantity: "number|integer|min:1" },
          },
        },
      },
      async handler(ctx) {
        const { customerId } = ctx.params;
        const customer = await ctx.call("customer.get", { id: customerId });
        if (customer.status !== "active") throw new MoleculerClientError("inactive-customer", 422);
        const lines = [];
        for (const { productId, quantity } of ctx.params.lines) {
          const product = await ctx.call("product.take", { id: productId, quantity });
          lines.push(priced(productId, quantity, product));
        }
        const order = confirmed(customerId, lines);
        await database.collection("orders").insertOne(order);
        const { _id: orderId, status, total } = order;
        await ctx.call("customer.link", { customerId, orderId, status, total });
        ctx.meta.$statusCode = 201;
        return shown(order);
      },
    },
  },
});

function priced(productId, quantity, { sku, name, price }) {
  const lineTotal = { amount: price.amount * quantity, currency: price.currency };
  return { productId, quantity, sku, name, unitPrice: price, lineTotal };
}

function confirmed(customerId, lines) {
  const at = new Date();
  const amount = lines.reduce((sum, line) => sum + line.lineTotal.amount, 0);
  return {
    _id: `ord_${randomUUID()}`,
    customerId,
    status: "confirmed",
    lines,
    total: { amount, currency: lines[0].unitPrice.currency },
    createdAt: at,
    updatedAt: at,
  };
}

const indexes = (database) => database.collection("orders").createIndex({ customerId: 1 });

start("order", aliases, service, indexes);
