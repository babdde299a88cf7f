// Node's agent with keep-alive: node calls.js URL BODY
const http = require("http");
const [url, body] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, payload) {
  return new Promise((resolve, reject) => {
    const request = http.request(url + path, { method, agent, timeout: 10000 }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    request.on("error", reject);
    request.end(payload);
  });
}

(async () => {
  for (let round = 0; round < 4; round++) {
    process.stdout.write((await call("HEAD", "/v2/health/live")) + " ");
    process.stdout.write((await call("GET", "/v2/health/live")) + " ");
    process.stdout.write((await call("POST", "/v2/models/digits/infer", body)) + " ");
  }
  agent.destroy();
})().catch((error) => { console.error(error); process.exit(1); });
