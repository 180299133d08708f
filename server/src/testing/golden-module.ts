/** What a golden module says of itself; names are separated by spaces. */
export interface GoldenModule {
  readonly description: string
  readonly inputs?: string
  readonly resources?: string
  readonly readme?: string
  readonly deprecated?: true
  readonly downloads?: number
}
