import { Type } from 'typebox'

const PRINTABLE = '^[^\\u0000-\\u001f\\u007f]*[^\\u0000-\\u0020\\u007f][^\\u0000-\\u001f\\u007f]*$'

/** Name of an organisation or a role in a request. */
export const NameText = Type.String({ minLength: 1, maxLength: 64 })

/** What people call somebody or something. */
export const DisplayName = Type.String({ minLength: 1, maxLength: 100, pattern: PRINTABLE })

/** `q` of a list: what is searched for. */
export const SearchText = Type.Optional(Type.String({ maxLength: 200, description: 'Part of what is searched for, in any case.' }))

/** Path of what belongs to an organisation. */
export const OrganizationParams = Type.Object({ name: Type.String({ description: 'Name of the organisation.' }) })
