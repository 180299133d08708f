/**
 * Service discovery: the first document that a CLI asks a registry host for.
 *
 * Only what works is announced: `providers.v1` now, others with the features that serve them. Values end in a slash, else clients
 * lose their last segment (protocol.md A02).
 *
 * Invariants:
 * - The answer is the same without, with a valid and with a wrong credential (protocol.md D-2): a CLI could not tell a rejected
 *   token from a host that is no registry.
 * - Never a redirect, never an error: a static buffer that needs neither database nor storage and is served while the process
 *   starts and stops (D-4, D-8).
 * - A `Host` header never gets into it: paths are rooted unless `server.public_url` is configured (reliability.md row 36).
 */
export { type DiscoveryDeps, discoveryRoutes } from './discovery-routes.ts'
