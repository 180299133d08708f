import { Type } from 'typebox'

/** What both searches offer beside the words and the address. */
export const SearchChoices = {
  deprecated: Type.Optional(Type.Boolean({ description: 'Only deprecated modules, or only others' })),
  sort: Type.Optional(
    Type.Union([Type.Literal('relevance'), Type.Literal('name'), Type.Literal('downloads'), Type.Literal('date')], {
      description: 'Default "relevance"; of all modules the most downloaded come first then',
    }),
  ),
}
