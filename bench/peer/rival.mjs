// The same calls by opossum and undici: in turn, a breaker for each instance, three attempts.
import CircuitBreaker from "opossum";
import { Pool } from "undici";

const given = JSON.parse(process.argv[2]);
const share = Math.floor(given.timeoutMs / given.attempts);

const instances = given.urls.map((url) => {
  const pool = new Pool(url, { connections: 64 });
  const ask = async () => {
    const signal = AbortSignal.timeout(share);
    const { statusCode, body } = await pool.request({ path: "/x", method: "GET", signal });
    await body.text();
    if (statusCode >= 500) throw new Error(`answered ${statusCode}`);
  };
  return new CircuitBreaker(ask, {
    timeout: share,
    errorThresholdPercentage: 50,
    volumeThreshold: 5,
    resetTimeout: 1000,
  });
});

let turn = 0;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function call() {
  for (let attempt = 1; ; attempt += 1) {
    try {
      turn += 1;
      return await instances[turn % instances.length].fire();
    } catch (error) {
      if (attempt === given.attempts) throw error;
      await pause(Math.random() * 25 * 2 ** (attempt - 1));
    }
  }
}

const done = [];
const fault = performance.now() + given.beforeMs;

async function work() {
  while (performance.now() < fault + given.afterMs) {
    const began = performance.now();
    let failed = false;
    try {
      await call();
    } catch {
      failed = true;
    }
    done.push([(began - fault) / 1000, (performance.now() - began) / 1000, failed]);
    await pause(given.pauseMs);
  }
}

setTimeout(() => process.stdout.write("fault\n"), given.beforeMs);
await Promise.all(Array.from({ length: given.callers }, work));
process.stdout.write(JSON.stringify(done));
process.exit(0);
