// Browsers and Node 20 have Web Crypto as a global; Debian 12 still has Node 18.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
