/**
 * Definitions: reads the file by which an administrator says what shall be mirrored.
 *
 *     provider "hashicorp/aws" {
 *       versions  = ["5.31.0", "~> 5.0"]
 *       platforms = ["linux_amd64", "darwin_arm64"]
 *     }
 *
 * A file is HCL and holds nothing but `provider` blocks. The label is an address as in Terraform. `versions` is needed;
 * `platforms` (or `architectures`, its older name) may be left out and then means all that the upstream offers.
 *
 * Invariants:
 * - A file is read as a whole or not at all: every problem is told at once, with the block it stands in, so that one round of
 *   corrections is enough. Nothing of a refused file is loaded.
 * - Values are plain; no expression is evaluated and nothing outside the text is read.
 * - A hostile text costs at most two seconds of one thread, which is not the one that answers requests.
 *
 * Reading keeps no state; what becomes of a definition is the business of the mirror.
 */
export { type DefinitionProblem, type ParsedDefinition, parseDefinition } from './parse-definition.ts'
export type { DefinedProvider, DefinedVersion } from './read-provider-block.ts'
