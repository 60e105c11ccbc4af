/** The npm client against a hub: URL, long-lived token, refresh token data as JSON in argv. */
import { createRequire } from "node:module";
import assert from "node:assert/strict";

const require = createRequire(new URL("../../frontend/package.json", import.meta.url));
globalThis.WebSocket ??= require("ws");
const ha = await import(require.resolve("home-assistant-js-websocket"));

const [url, token, entity, authData] = process.argv.slice(2);
const within = (promise, what, ms = 30000) =>
  Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error(`no ${what}`)), ms).unref())]);
const until = (collection, connection, test, what) =>
  within(new Promise((yes) => { const stop = collection(connection, (value) => { if (test(value)) { yes(value); queueMicrotask(() => stop()); } }); }), what);

const connection = await ha.createConnection({ auth: ha.createLongLivedTokenAuth(url, token) });
const steps = [];
const step = (name) => steps.push(name);

const user = await ha.getUser(connection);
assert.equal(user.is_owner, true);
step("user");
const states = await ha.getStates(connection);
assert.ok(states.some((state) => state.entity_id === entity));
step("states");

let seen;
const entities = [];
const stopEntities = ha.subscribeEntities(connection, (value) => { seen = value; entities.push(value[entity]?.state); });
await until(ha.subscribeConfig, connection, (config) => config.state === "RUNNING", "config");
await until(ha.subscribeServices, connection, (services) => "toggle" in services.switch, "services");
await until(ha.subscribeEntities, connection, (all) => entity in all, "entities");
assert.equal(Object.keys(seen).length, states.length);
step("collections");

const before = seen[entity].state;
await ha.callService(connection, "switch", "toggle", undefined, { entity_id: entity });
await until(ha.subscribeEntities, connection, (all) => all[entity].state !== before, "update");
step("toggle");

await connection.ping();
step("ping");
await assert.rejects(connection.sendMessagePromise({ type: "no/such" }), { code: "unknown_command" });
step("unknown");

const ready = new Promise((yes) => connection.addEventListener("ready", yes));
connection.reconnect(true);
await within(ready, "reconnect");
await connection.ping();
const middle = seen[entity].state;
await ha.callService(connection, "switch", "toggle", undefined, { entity_id: entity });
await until(ha.subscribeEntities, connection, (all) => all[entity].state !== middle, "update after reconnect");
step("reconnect");
stopEntities();
connection.close();

const auth = new ha.Auth(JSON.parse(authData));
assert.equal(auth.expired, true);
await auth.refreshAccessToken();
assert.equal(auth.expired, false);
step("refresh");
const second = await ha.createConnection({ auth });
await second.ping();
const gone = new Promise((yes) => second.addEventListener("disconnected", yes));
await auth.revoke();
await within(gone, "end after revoke");
second.close();
await assert.rejects(auth.refreshAccessToken(), (error) => error === ha.ERR_INVALID_AUTH);
step("revoke");
console.log(JSON.stringify(steps));
process.exit(0);
