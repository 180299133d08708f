/**
 * How the server is: probes for orchestrators, and a document for people and monitors.
 *
 * - `/livez` touches no dependency: a database that is away must not make an orchestrator kill the process.
 * - `/readyz` is 200 when the process has started, is not stopping, and the database answers; else 503, and load balancers send
 *   requests elsewhere. Storage is left out: discovery and lists work without it.
 * - `/health` shows each dependency, 503 when one has failed.
 *
 * Invariants:
 * - Anonymous callers learn neither versions nor addresses of dependencies; failures are described in the log only (C27).
 * - No amount of asking loads the dependencies: a result is remembered for a second (database) or fifteen (storage), and asking
 *   at the same time shares one check. Each check ends after two seconds.
 */
export type { HealthDeps } from './health-checks.ts'
export { healthRoutes } from './health-routes.ts'
