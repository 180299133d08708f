import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'

const buildCompiler = SerializerSelector()

type BuildCompiler = typeof buildCompiler

/**
 * Writers of JSON answers that are made when a route answers for the first time. Making all of them beforehand takes a tenth of a
 * second, most of what the routes cost at the start; a single one takes half a millisecond.
 */
export function lazySerializers(...given: Parameters<BuildCompiler>): ReturnType<BuildCompiler> {
  const compile = buildCompiler(...given)
  return (route) => {
    let serialize: ReturnType<typeof compile> | undefined
    return (answer: unknown) => {
      serialize ??= compile(route)
      return serialize(answer)
    }
  }
}
