/**
 * Bundles: what goes into an air-gap bundle, written down in a manifest that the registry signs. The format is that of
 * `protocol/src/bundle/bundle-manifest.ts`; whoever asked downloads the objects and writes the parts.
 *
 * A selection comes from a lock file, a configuration, a definition file or a mirror. Only what is held, verified and not blocked goes
 * in; what is missing is named with what to do about it, and nothing is signed before.
 *
 * Invariants:
 * - Nobody gets into a bundle what they may not read; that is answered as what does not exist.
 * - Planning reads no object but the modules of upstreams that a configuration calls, for what they call, and keeps nothing: a plan is
 *   one answer and one row of the audit. The same selection has the same parts.
 * - Links are asked for again when they have run out, so a download may take days and go on after a break.
 *
 * There is no state here.
 */
export { bundleRoutes } from './bundle-routes.ts'
