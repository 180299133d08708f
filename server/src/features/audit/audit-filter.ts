import { type Static, Type } from 'typebox'
import type { AuditFilter } from './audit-queries.ts'

const MAX_TEXT = 512

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: MAX_TEXT, description }))
const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }))

/** Which records are meant, as the query of a route. */
export const AuditFilterQuery = Type.Object({
  action: text('What the action begins with: `api_key.create`, or `api_key.` for everything about API keys.'),
  actor: text('Name or id of the actor, whole.'),
  object: text('Part of the object, in any case.'),
  outcome: Type.Optional(Type.Union([Type.Literal('allowed'), Type.Literal('denied'), Type.Literal('error')])),
  request_id: text('Id of the request, whole.'),
  from: time('From this time on (ISO 8601).'),
  to: time('Before this time (ISO 8601).'),
})

/** The filter that a query asks for. */
export function filterOf(query: Static<typeof AuditFilterQuery>): AuditFilter {
  const { action, actor, object, outcome, request_id: requestId, from, to } = query
  return { action, actor, object, outcome, requestId, from: timeOf(from), to: timeOf(to) }
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text)
}
