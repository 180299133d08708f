import type { RouteSettings } from '../base/http/edge-types.ts'
import { type Caller, EXPECTATIONS } from './expectations.ts'
import type { WatchedRoute } from './route-watch.ts'

/** How the server and the table differ; empty when every route has its row and every row its route. */
export function compareTable(
  routes: readonly Pick<WatchedRoute, 'name' | 'settings'>[],
  expectations: Readonly<Record<string, Caller>>,
): string[] {
  const names = new Set(routes.map(({ name }) => name))
  const rowsAlone = Object.keys(expectations).filter((name) => !names.has(name))
  const differing = routes.flatMap(({ name, settings }) => {
    const expected = expectations[name]
    if (expected === undefined) return [`${name}: has no row in expectations.ts; it asks for "${callerOf(settings)}"`]
    const asked = callerOf(settings)
    return asked === askedFor(expected) ? [] : [`${name}: asks for "${asked}", the table says "${expected}"`]
  })
  return [...differing, ...rowsAlone.map((name) => `${name}: is in the table, but there is no such route`)]
}

function callerOf({ requires, within = 'registry' }: RouteSettings): string {
  const isWord = requires === 'public' || requires === 'anyone' || requires === 'authenticated'
  return isWord ? requires : `${requires} in ${within === 'registry' ? 'the registry' : 'an organisation'}`
}

/** What the chain is asked for where the handler asks for more. */
function askedFor(caller: Caller): string {
  if (caller === 'signed link') return 'public'
  return caller === 'a session' ? 'authenticated' : caller
}

/** A route with what the table says about it. */
export interface RouteRow {
  readonly route: WatchedRoute
  readonly caller: Caller
}

/** Routes with their rows; those without one are named by `compareTable`. */
export function matchRows(routes: readonly WatchedRoute[]): RouteRow[] {
  return routes.flatMap((route) => {
    const caller = EXPECTATIONS[route.name]
    return caller === undefined ? [] : [{ route, caller }]
  })
}
