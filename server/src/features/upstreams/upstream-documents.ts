import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

/** What is read of an upstream's JSON. Lists may be null or missing, as Go servers send them. Source: protocol.md 3.3, 3.4. */
const listOf = <Item extends Parameters<typeof Type.Array>[0]>(item: Item) => Type.Optional(Type.Union([Type.Array(item), Type.Null()]))

const textOrNull = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** Answer of `…/versions`. */
export const versionsDocument = Compile(
  Type.Object({
    versions: listOf(
      Type.Object({
        version: Type.String(),
        protocols: listOf(Type.String()),
        platforms: listOf(Type.Object({ os: Type.String(), arch: Type.String() })),
      }),
    ),
  }),
)

/** Answer of `…/VERSION/download/OS/ARCH`. */
export const packageDocument = Compile(
  Type.Object({
    protocols: listOf(Type.String()),
    os: Type.String(),
    arch: Type.String(),
    filename: Type.String(),
    download_url: Type.String({ minLength: 1 }),
    shasum: Type.String(),
    shasums_url: Type.String({ minLength: 1 }),
    shasums_signature_url: Type.String({ minLength: 1 }),
    signing_keys: Type.Optional(
      Type.Union([
        Type.Object({ gpg_public_keys: listOf(Type.Union([Type.Object({ key_id: textOrNull, ascii_armor: textOrNull }), Type.Null()])) }),
        Type.Null(),
      ]),
    ),
  }),
)
