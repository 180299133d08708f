/**
 * Bundle import: carries providers and modules into a registry that cannot fetch them, from signed bundles and from folders that
 * `terraform providers mirror` has made.
 *
 * An import begins with a list of what there is: the manifest of a bundle, signed by a key of `bundles.trusted_keys`, or the contents of
 * a folder. The answer says what is missing. Each version is then sent in one request, verified by the steps of everything that is
 * mirrored or published, and stored: objects first, one transaction for its rows.
 *
 * Invariants:
 * - What a list says is a claim. Digests are computed here, a package must be on a list that a key has signed which is trusted here, and
 *   modules pass every check of a publish. What the other registry had from an upstream is held here as such, never published.
 * - A key that came along is trusted only if an administrator named its fingerprint, and only where it has made a good signature.
 * - What nothing signed speaks for comes in only if an administrator allows it for this import, and is marked for ever.
 * - Other bytes under a known name are refused, with both digests in the audit and a notification.
 *
 * State: rows of `bundle_imports`. An import that was broken off is begun again: what is held is kept.
 */
export { importRoutes } from './import-routes.ts'
