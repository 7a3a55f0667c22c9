// A real provider of OpenID Connect, whose users, claims, keys and availability a test chooses.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const KINDS = {
  RS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
};

/** A new key for each algorithm. */
const newKeys = (turn) =>
  Object.entries(KINDS).map(([alg, [kind, options]]) => {
    const key = generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" });
    return { ...key, kid: `${alg}-${turn}`, use: "sig", alg };
  });

/** The provider at an address of its own. It answers after `serve` was called. */
export function provider() {
  const it = { issuer: "", users: {}, turn: 0, keys: newKeys(0), handler: undefined };
  const server = createServer((request, response) => {
    if (it.handler) it.handler(request, response);
    else response.writeHead(503).end();
  });

  it.listen = async () => {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    it.issuer = `http://127.0.0.1:${server.address().port}`;
  };

  /** Has other keys from now on. */
  it.rotate = () => {
    it.turn += 1;
    it.keys = newKeys(it.turn);
  };

  /** Begins anew: ID tokens have this algorithm, and claims are in them or only in the userinfo. */
  it.serve = (redirect, { alg = "RS256", inToken = false } = {}) => {
    const made = new Provider(it.issuer, {
      clients: [
        {
          client_id: "footbridge",
          client_secret: "a-secret+of:at-least-32-characters",
          redirect_uris: [redirect],
          id_token_signed_response_alg: alg,
        },
      ],
      enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA", "HS256"] },
      jwks: { keys: it.keys },
      cookies: { keys: ["a key of the tests"] },
      pkce: { required: () => true },
      conformIdTokenClaims: !inToken,
      claims: { profile: ["name", "preferred_username"], email: ["email", "email_verified"], groups: ["groups"] },
      findAccount: (_, id) => it.users[id] && { accountId: id, claims: () => ({ sub: id, ...it.users[id] }) },
    });
    made.on("server_error", (_, error) => console.error(error));
    it.handler = made.callback();
  };

  it.goDown = () => (it.handler = undefined);
  it.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return it;
}
