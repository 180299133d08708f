import type { paths } from './schema.gen.ts'

/** Methods that the API uses. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** Addresses that answer a method, as the OpenAPI document writes them: `/api/v1/admin/jobs/{id}`. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: { responses: unknown } } ? P : never
}[keyof paths]

type Operation<M extends Method, P extends PathOf<M>> = paths[P][M]

/** Values for the `{…}` of an address; `undefined` when it has none. */
export type PathParams<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { parameters: { path: infer Params } } ? Params : undefined

/** Query of an operation. */
export type QueryOf<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { parameters: { query?: infer Query } } ? Exclude<Query, undefined> : never

/** JSON body of an operation; `undefined` when it takes none. */
export type BodyOf<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { requestBody: { content: { 'application/json': infer Body } } } ? Body : undefined

/** JSON of a successful answer; `undefined` when it has none. */
export type AnswerOf<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { responses: infer Responses } ? JsonOf<Responses[keyof Responses & (200 | 201 | 202)]> : never

type JsonOf<Response> = [Response] extends [never]
  ? undefined
  : Response extends { content: { 'application/json': infer Json } }
    ? Json
    : undefined

/** One row of a list operation. */
export type RowOf<P extends PathOf<'get'>> = AnswerOf<'get', P> extends { items: (infer Row)[] } ? Row : never
