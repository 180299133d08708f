/**
 * The reference of the administrative API for people: Swagger UI at `/api-docs/` over the document at `/openapi.json`.
 *
 * Invariants:
 * - Nothing is loaded from elsewhere: the files are those of an installed package, the page reads this server only.
 * - Only scripts with the nonce of this very answer run (requirements.md SEC-19, C34); a nonce is never used twice.
 * - The page takes no settings from its own address, so that a link cannot make it show another document.
 */
export { apiReferenceRoutes } from './api-reference-routes.ts'
export { addAnswerExamples } from './examples/add-answer-examples.ts'
