import { type Static, Type } from 'typebox'
import { PackageHash } from '../hashes.ts'

/**
 * Sent: `HOST/NAMESPACE/TYPE/index.json` of the network mirror protocol; keys are canonical versions, values empty objects.
 * Must be served as `application/json`. Source: protocol.md 4.3, 4.5, D20*.
 */
export const MirrorIndexDocument = Type.Object({
  versions: Type.Record(Type.String(), Type.Object({})),
})
export type MirrorIndexDocument = Static<typeof MirrorIndexDocument>

/**
 * Sent: `VERSION.json` beside the index; keys are `os_arch`. A platform that is not held is left out, never `null`, on which
 * Terraform crashes; with none held `archives` is empty, because a 404 would stop the client. Each archive has both hashes, the
 * `h1` made over the zip. Source: protocol.md 4.4, 4.6, 4.7, D04c, D15f.
 */
export const MirrorVersionDocument = Type.Object({
  archives: Type.Record(
    Type.String(),
    Type.Object({
      url: Type.String({ description: 'Relative to the final URL of this document, or absolute' }),
      hashes: Type.Array(PackageHash),
    }),
  ),
})
export type MirrorVersionDocument = Static<typeof MirrorVersionDocument>
